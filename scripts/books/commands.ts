// What `npm run books` does, over the API of a deployment.
import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "../operator/deployment.ts";
import { type Pause, RequestFailed, requestJson } from "../operator/request.ts";
import { toTable } from "../operator/table.ts";
import type { Options } from "./options.ts";

const OPERATIONS = "/api/v1/operations";
/** A request makes steps for some seconds. */
const LIMIT_MS = 60_000;
const CONFLICT = 409;
const DIFFERS = 1;
const MB = 1e6;

type Books = {
  data: { book: number; merchants: number; bytes: number | null }[];
  moves: { merchant_id: string; from_book: number; to_book: number; phase: string }[];
};
type Progress = { phase: string; rows: number; wait_ms: number };
type Say = (line: string) => void;

/** @returns the exit code. @throws RequestFailed */
export function run(
  options: Options,
  say: Say = console.log,
  pause: Pause = sleep,
): Promise<number> {
  return options.command === "list" ? list(options, say) : move(options, say, pause);
}

async function list(
  { deployment, json }: { deployment: Deployment; json: boolean },
  say: Say,
): Promise<number> {
  const path = `${OPERATIONS}/books`;
  const books = await requestJson<Books>(deployment, { path, limit_ms: LIMIT_MS });
  if (json) {
    say(JSON.stringify(books));
    return 0;
  }
  const rows = books.data.map(({ book, merchants, bytes }) => [
    String(book),
    String(merchants),
    bytes === null ? "does not respond" : `${(bytes / MB).toFixed(1)} MB`,
  ]);
  say(toTable([["book", "merchants", "size"], ...rows]));
  for (const { merchant_id, from_book, to_book, phase } of books.moves) {
    say(`${merchant_id} moves from book ${from_book} to book ${to_book}: ${phase}`);
  }
  return 0;
}

async function move(
  { deployment, merchant, book }: Extract<Options, { command: "move" }>,
  say: Say,
  pause: Pause,
): Promise<number> {
  const body = { merchant_id: merchant, book };
  const sent = { path: `${OPERATIONS}/book-moves`, limit_ms: LIMIT_MS, body };
  let total = 0;
  let last = "";
  for (;;) {
    let made: Progress;
    try {
      made = await requestJson<Progress>(deployment, sent, pause);
    } catch (error) {
      const isDifferent =
        error instanceof RequestFailed &&
        error.status === CONFLICT &&
        error.message.includes("differs");
      if (!isDifferent) throw error;
      say(error.message);
      return DIFFERS;
    }
    const { phase, rows, wait_ms } = made;
    total = phase === last ? total + rows : rows;
    last = phase;
    if (phase === "done") {
      say(`Moved: ${merchant} is in book ${book}.`);
      return 0;
    }
    say(`${phase}: ${total} rows`);
    if (wait_ms > 0) await pause(wait_ms);
  }
}
