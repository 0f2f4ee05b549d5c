/** Payments move to the archive and back, whatever fails on the way, and no reader sees a difference. */
import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import type { Answer } from "../../../../src/processor/processor";
import { type Command, execute } from "../../../../src/transactions/commands/command";
import type { CommandResult } from "../../../../src/transactions/commands/result";
import { NotHeld } from "../../../../src/transactions/journal/archived/archived-payments";
import { ArchivingShard, HOT_MS } from "../../../support/archiving-shard";
import { LIVE, MERCHANT, NOW_MS, requestOf, TRACEPARENT } from "../../../support/examples";

const KEYS = ["a", "b", "c"];
const idOf = (key: string) => deriveTransactionId(MERCHANT, key);

beforeEach(() => {
  vi.stubGlobal("scheduler", { wait: () => Promise.resolve() });
  return () => vi.unstubAllGlobals();
});

/** What readers see of every payment. */
async function read({ reader, journal }: ArchivingShard) {
  const ids = KEYS.map(idOf);
  const readAll = () =>
    ids.map((id) => {
      // Positions are the shard's own.
      const events = journal
        .readEvents(id)
        .map(({ position: _, first_position: __, ...event }) => event);
      const refunds = journal.refunds.textsOf(id);
      const details = journal.details.textOf(id);
      return { text: journal.findText(id)?.data, events, refunds, details };
    });
  return reader.withHeld(ids, readAll, "unavailable" as const);
}

/** How often each payment is in the tables and in the archive. */
function places({ journal }: ArchivingShard): number[] {
  return KEYS.map((key) => {
    const id = idOf(key);
    const inTables = journal.events.readFirst(id) ? 1 : 0;
    return inTables + (journal.archived.placeOf(id) ? 1 : 0);
  });
}

const KINDS = ["create", "process", "settle", "settle", "decline", "cancel", "refund"] as const;
type Step =
  | { kind: (typeof KINDS)[number]; key: string }
  | { kind: "archive" | "restart" | "restore" };

const key = fc.constantFrom(...KEYS);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constantFrom(...KINDS), key }),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: "archive" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "restart" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "restore" }) },
);

/** An operation of the processor without an outcome. */
type Open = Pick<
  Command<"record">,
  "transaction_id" | "operation" | "claimed_version" | "refund_id"
>;

/** @param at numbers the step, so that refunds have keys of their own
 *  @param open the operations to end, the oldest first */
function commandOf(kind: string, key: string, at: number, open: Open[]): Command | undefined {
  const transaction_id = idOf(key);
  const about = { merchant_id: MERCHANT, transaction_id, traceparent: TRACEPARENT };
  switch (kind) {
    case "create": {
      const details = { payment_method: "pm_1", customer: null, return_url: null };
      const request = requestOf({ metadata: { key }, ...(key === "a" && { details }) });
      return { kind: "create", ...about, idempotency_key: key, request };
    }
    case "refund": {
      const request = { amount: "1", reason: null, metadata: {} };
      return { kind: "refund", ...about, idempotency_key: `refund-${at % 3}`, ...request };
    }
    case "settle":
    case "decline": {
      const ended = open.shift();
      const failure = { code: "card_declined", message: "No." };
      const answer = kind === "settle" ? { kind: "done" } : { kind: "declined", failure };
      return (
        ended && { kind: "record", traceparent: TRACEPARENT, answer: answer as Answer, ...ended }
      );
    }
    default:
      return { kind: kind as "process" | "cancel", ...about };
  }
}

function keepOpen(open: Open[], result: CommandResult | "unavailable"): void {
  if (result === "unavailable" || result.kind !== "pending" || !result.wrote) return;
  const { transaction, refund } = result.order;
  open.push({
    transaction_id: transaction.id,
    operation: refund ? "refund" : "charge",
    claimed_version: transaction.version,
    refund_id: refund?.id,
  });
}

/** Puts a segment's payments back, for some steps. */
async function restoreAny(shard: ArchivingShard, at: number, now: number): Promise<void> {
  const { journal, segments } = shard;
  const all = segments.list(0, 100);
  if (all.length === 0) return;
  const written: string[] = [];
  const writeBook = async (events: EventRecord[]) => {
    written.push(...events.map(({ transaction_id }) => transaction_id));
  };
  const number = 1 + (at % all.length);
  const restored = await shard.restore(number, now + 30 * HOT_MS, writeBook);
  expect(written.length).toBeGreaterThanOrEqual(restored ?? 0);
  for (const id of written) expect(journal.archived.placeOf(id)).toBeUndefined();
  expect(await shard.restore(all.length + 1, now)).toBeNull();
}

/** What fails in a pass: an operation of R2, before or after its effect, or the book; and whether the object ends then. */
const failure = fc.record({
  at: fc.integer({ min: 1, max: 8 }),
  is_after: fc.boolean(),
  of_book: fc.boolean(),
  is_end: fc.boolean(),
});
type Failure = typeof failure extends fc.Arbitrary<infer Value> ? Value : never;

async function archive(shard: ArchivingShard, failure: Failure | null): Promise<void> {
  const { r2, removed } = shard;
  const failsAt = r2.operations + (failure?.at ?? 0) + (failure?.is_after ? 0.5 : 0);
  r2.before = (operation) => {
    if (failure && !failure.of_book && operation === failsAt) throw new Error("R2 failed");
  };
  shard.removeFromBook = async (payments) => {
    if (failure?.of_book) throw new Error("D1 failed");
    removed.push(...payments);
  };
  await shard.archiver.runNow();
  r2.before = () => {};
  if (failure?.is_end) shard.restart();
}

describe("archiving", () => {
  it("Whatever happens in between and fails, every payment is in one place and as without an archive", async () => {
    let archived = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 60 }),
        fc.array(fc.option(failure, { freq: 2 }), { minLength: 8, maxLength: 8 }),
        async (steps, failures) => {
          const plain = new ArchivingShard();
          const shard = new ArchivingShard();
          const open: Open[] = [];
          let now = NOW_MS;
          let passes = 0;
          for (const [at, one] of steps.entries()) {
            now += 10 * HOT_MS;
            vi.spyOn(Date, "now").mockReturnValue(now);
            if (one.kind === "restart") {
              shard.restart();
            } else if (one.kind === "restore") {
              await restoreAny(shard, at, now);
            } else if (!("key" in one)) {
              await archive(shard, failures[passes++ % failures.length] ?? null);
            } else {
              const command = commandOf(one.kind, one.key, at, open);
              if (!command) continue;
              const expected = await plain.execute(command, now);
              keepOpen(open, expected);
              expect(await shard.execute(command, now)).toEqual(expected);
            }
            expect(places(shard)).toEqual(places(plain));
            expect(await read(shard)).toEqual(await read(plain));
            expect(shard.journal.lastPosition).toBe(plain.journal.lastPosition);
          }
          // What was restored is archived again by then.
          vi.spyOn(Date, "now").mockReturnValue(now + 50 * HOT_MS);
          await archive(shard, null);
          expectOutOfBook(shard);
          archived += shard.segments.list(0, 100).length;
        },
      ),
      { numRuns: 200 },
    );
    expect(archived).toBeGreaterThan(200);
  });
});

describe("a payment that changes while it is archived", () => {
  const request = { amount: "1", reason: null, metadata: {} };
  const about = { merchant_id: MERCHANT, transaction_id: idOf("a"), traceparent: TRACEPARENT };
  const refund: Command = { kind: "refund", ...about, idempotency_key: "refund", ...request };

  /** A shard with two charged payments, long ago. */
  async function charged(): Promise<ArchivingShard> {
    const shard = new ArchivingShard();
    for (const key of ["a", "b"]) {
      const open: Open[] = [];
      for (const kind of ["create", "process", "settle"]) {
        const command = commandOf(kind, key, 0, open);
        if (command) keepOpen(open, await shard.execute(command, NOW_MS));
      }
    }
    vi.spyOn(Date, "now").mockReturnValue(NOW_MS + 10 * HOT_MS);
    return shard;
  }

  it("A payment that changes while its segment is written stays in the tables", async () => {
    const shard = await charged();
    shard.r2.before = async (operation) => {
      if (operation === 2) await shard.execute(refund, NOW_MS + 10 * HOT_MS);
    };
    await shard.archiver.runNow();
    expect(shard.journal.archived.placeOf(idOf("a"))).toBeUndefined();
    expect(shard.journal.archived.placeOf(idOf("b"))).toEqual({ segment: 1, block: 0 });
    expect(shard.journal.refunds.of(idOf("a"))).toHaveLength(1);
    expect(shard.removed.map(({ id }) => id)).toEqual([idOf("b")]);
  });

  it("A command whose payment is archived after it has arrived is executed all the same", async () => {
    const shard = await charged();
    const submit = async () => {
      if (!shard.journal.archived.placeOf(idOf("a"))) await shard.archiver.runNow();
      const result = execute(shard.journal, refund, undefined, LIVE, NOW_MS + 10 * HOT_MS);
      shard.journal.write();
      return result;
    };
    const result = await shard.reader.withHeld([idOf("a")], submit, "unavailable" as const);
    expect(result).toMatchObject({ kind: "pending", replayed: false });
    expect(places(shard)).toEqual([1, 1, 0]);
    expect(shard.journal.archived.placeOf(idOf("a"))).toBeUndefined();
  });

  it("What an operator has put back stays for its time, and is archived again then", async () => {
    const shard = await charged();
    await shard.archiver.runNow();
    const { journal, storage } = shard;
    const until = NOW_MS + 20 * HOT_MS;
    expect(await shard.restore(1, until)).toBe(2);
    const kept = () => storage.sql.exec("SELECT * FROM restored").toArray().length;
    for (const [now, placed] of [
      [until - 1, undefined],
      [until, { segment: 2, block: 0 }],
    ] as const) {
      vi.spyOn(Date, "now").mockReturnValue(now);
      await shard.archiver.runNow();
      expect(journal.archived.placeOf(idOf("a"))).toEqual(placed);
      expect(kept()).toBe(placed ? 0 : 2);
    }
  });

  it("What was back already when an operator put its segment back stays for that time too", async () => {
    const shard = await charged();
    await shard.archiver.runNow();
    const { journal } = shard;
    const later = NOW_MS + 10 * HOT_MS;
    const erase = { kind: "erase", ...about, user_id: requestOf({}).user_id } as const;
    await shard.execute(erase, later);
    expect(await shard.restore(1, later + 50 * HOT_MS)).toBe(1);
    for (const [after, placed] of [
      [49 * HOT_MS, undefined],
      [50 * HOT_MS, { segment: 2, block: 0 }],
    ] as const) {
      vi.spyOn(Date, "now").mockReturnValue(later + after);
      await shard.archiver.runNow();
      expect(journal.archived.placeOf(idOf("a"))).toEqual(placed);
    }
  });

  it("What an operator puts back while it is archived once more stays", async () => {
    const shard = await charged();
    await shard.archiver.runNow();
    const erase = { kind: "erase", ...about, user_id: requestOf({}).user_id } as const;
    await shard.execute(erase, NOW_MS + 10 * HOT_MS);
    vi.spyOn(Date, "now").mockReturnValue(NOW_MS + 20 * HOT_MS);
    const { operations } = shard.r2;
    let restored: Promise<unknown> | undefined;
    shard.r2.before = async (operation) => {
      if (operation <= operations + 1 || restored) return;
      restored = shard.restore(1, NOW_MS + 50 * HOT_MS);
      await restored;
    };
    await shard.archiver.runNow();
    expect(await restored).toBe(1);
    expect(shard.segments.list(0, 10)).toHaveLength(2);
    expect(places(shard)).toEqual([1, 1, 0]);
    for (const key of KEYS) expect(shard.journal.archived.placeOf(idOf(key))).toBeUndefined();
  });

  it("A change or restore of an archived payment is refused while the book is written again, and done after that", async () => {
    const shard = await charged();
    await shard.archiver.runNow();
    const { journal } = shard;
    const later = NOW_MS + 20 * HOT_MS;
    const replay = commandOf("create", "a", 0, []) as Command;
    journal.checkpoints.set("book_delivered_through", 0);
    expect(await shard.execute(refund, later)).toBe("unavailable");
    await expect(shard.restore(1, later)).rejects.toThrow("the book is being written again");
    expect(await shard.execute(replay, later)).toMatchObject({ replayed: true });
    expect(KEYS.map((key) => journal.archived.find(idOf(key)))).toEqual(KEYS.map(() => undefined));
    expect(KEYS.map((key) => journal.archived.placeOf(idOf(key))?.segment)).toEqual([
      1,
      1,
      undefined,
    ]);
    journal.checkpoints.set("book_delivered_through", journal.lastPosition);
    expect(await shard.execute(refund, later)).toMatchObject({ kind: "pending", replayed: false });
    expect(await shard.restore(1, later)).toBe(1);
    expect(places(shard)).toEqual([1, 1, 0]);
  });

  it("Without R2 an archived payment is neither found nor taken for missing", async () => {
    const shard = await charged();
    await shard.archiver.runNow();
    shard.r2.before = () => {
      throw new Error("R2 failed");
    };
    for (const kind of ["create", "process", "refund"]) {
      const command = commandOf(kind, "a", 0, []);
      expect(command && (await shard.execute(command, NOW_MS + 20 * HOT_MS))).toBe("unavailable");
    }
    expect(() => shard.journal.find(idOf("a"))).toThrow(NotHeld);
    expect(shard.journal.has(idOf("a"))).toBe(true);
    expect(places(shard)).toEqual([1, 1, 0]);
  });
});

/** Everything that is archived was taken out of the book, in its last version. */
function expectOutOfBook({ journal, segments, removed }: ArchivingShard): void {
  expect(segments.firstInBook()).toBeUndefined();
  for (const id of KEYS.map(idOf)) {
    if (!journal.archived.placeOf(id)) continue;
    const versions = removed.filter((one) => one.id === id).map(({ version }) => version);
    expect(versions.length).toBeGreaterThan(0);
  }
}
