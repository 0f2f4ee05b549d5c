/** The steps that copy a merchant's rows to another book: all rows, then what has changed meanwhile, and then the comparison of both. */
import { compareRange } from "./compare";
import type { Move } from "./directory-moves";
import { PARTS, type Part, STATEMENTS } from "./parts";
import type { Sizes } from "./sizes";
import { fence, readBounds, readChanges, readPage } from "./source";
import { type Arrival, type Progress, setBounds, setProgress, writeRows } from "./target";

/** `wait_ms`: before that long the next step does nothing. `rows`: how many rows the step copied, compared or deleted. */
export type MoveStatus = {
  phase: "starting" | Exclude<Progress["phase"], "failed"> | "deleting" | "done";
  rows: number;
  wait_ms: number;
};

export const status = (phase: MoveStatus["phase"], rows = 0, wait_ms = 0): MoveStatus => ({
  phase,
  rows,
  wait_ms,
});

export type Copy = {
  source: D1Database;
  target: D1Database;
  move: Move;
  arrival: Arrival;
  sizes: Sizes;
};

export const beginCopy = (part: Part, eventsAfter: string): Progress => ({
  phase: "copying",
  part,
  after: STATEMENTS[part].first,
  events_after: eventsAfter,
});

const nextPart = (part: Part): Part | undefined => PARTS[PARTS.indexOf(part) + 1];

export async function copyPage(
  work: Copy,
  { part, after, events_after }: Extract<Progress, { phase: "copying" }>,
): Promise<MoveStatus> {
  const { rows, is_last } = await readPage(
    work.source,
    part,
    work.move.merchant_id,
    after,
    work.sizes,
  );
  const end = rows.at(-1)?.key ?? after;
  const eventsAfter = part === "events" ? end : events_after;
  const next = nextPart(part);
  const progress: Progress = !is_last
    ? { phase: "copying", part, after: end, events_after: eventsAfter }
    : next
      ? beginCopy(next, eventsAfter)
      : { phase: "following", events_after: eventsAfter, sequence: 0, is_fenced: false };
  const keys = rows.map(({ key }) => key);
  return write(work, progress, [{ part, keys, rows }], "copying");
}

/** Copies what has changed since. With little of it left the book is fenced, and when there is nothing more after that, the copy is
 *  complete. */
export async function follow(
  work: Copy,
  { events_after, sequence, is_fenced }: Extract<Progress, { phase: "following" }>,
): Promise<MoveStatus> {
  const { source, target, move, arrival, sizes } = work;
  const after = { events: events_after, sequence };
  const { events, changed, ...read } = await readChanges(source, move.merchant_id, after, sizes);
  if (read.is_last && is_fenced && events.length === 0 && changed.length === 0) {
    const bounds = await readBounds(source, move.merchant_id);
    const after = JSON.stringify([bounds.deleted_through]);
    const verifying: Progress = { phase: "verifying", part: "events", after };
    const deleted = await setBounds(
      target,
      move,
      arrival,
      bounds,
      (behind) => (behind > 0 ? arrival.progress : verifying),
      sizes.deleted,
    );
    return status("following", deleted);
  }
  if (read.is_last) await fence(source, move);
  const progress: Progress = {
    phase: "following",
    events_after: events.at(-1)?.key ?? events_after,
    sequence: read.sequence,
    is_fenced: is_fenced || read.is_last,
  };
  const keys = events.map(({ key }) => key);
  return write(work, progress, [{ part: "events", keys, rows: events }, ...changed], "following");
}

async function write(
  { target, move, arrival }: Copy,
  progress: Progress,
  written: Parameters<typeof writeRows>[4],
  phase: "copying" | "following",
): Promise<MoveStatus> {
  const some = written.filter(({ keys }) => keys.length > 0);
  const wrong = await writeRows(target, move, arrival, progress, some);
  if (wrong !== undefined) {
    const reason = `${wrong}: what was read again is not what was written`;
    await setProgress(
      target,
      move,
      { ...arrival, step: arrival.step + 1 },
      { phase: "failed", reason },
    );
  }
  return status(
    phase,
    some.reduce((sum, { rows }) => sum + rows.length, 0),
  );
}

export async function verify(
  { source, target, move, arrival, sizes }: Copy,
  { part, after }: Extract<Progress, { phase: "verifying" }>,
): Promise<MoveStatus> {
  const compared = await compareRange(
    source,
    target,
    part,
    move.merchant_id,
    after,
    sizes.compared,
  );
  const next = nextPart(part);
  const progress: Progress =
    compared.difference !== undefined
      ? { phase: "failed", reason: compared.difference }
      : compared.end !== undefined
        ? { phase: "verifying", part, after: compared.end }
        : next
          ? { phase: "verifying", part: next, after: STATEMENTS[next].first }
          : { phase: "opened" };
  await setProgress(target, move, arrival, progress);
  return status("verifying", compared.rows);
}
