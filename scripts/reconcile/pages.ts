// Reads the pages of a reconciliation, each again when the API is busy.
import { setTimeout as sleep } from "node:timers/promises";
import type { Options } from "./options.ts";

export type Difference = {
  kind: string;
  transaction_id: string | null;
  refund_id: string | null;
  processor_reference: string | null;
  ours: string | null;
  theirs: string | null;
};
export type Compared = { balance_transactions: number; payments: number; refunds: number };
export type Page = { data: Difference[]; compared: Compared; next_cursor: string | null };

const PATH = "/api/v1/operations/reconciliation/stripe";
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A page makes up to a hundred calls. */
const PAGE_LIMIT_MS = 120_000;
const BUSY = [408, 429, 500, 502, 503, 504];

/** The run cannot go on. `cursor`: where it can be continued. */
export class Interrupted extends Error {
  readonly cursor: string | undefined;

  constructor(message: string, cursor: string | undefined) {
    super(message);
    this.cursor = cursor;
  }
}

/** Every page, in order. @param pause waits between attempts. @throws Interrupted */
export async function* readPages(
  options: Options,
  pause: (ms: number) => Promise<unknown> = sleep,
): AsyncGenerator<Page> {
  let cursor = options.cursor;
  do {
    const page: Page = await readPage(options, cursor, pause);
    yield page;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

async function readPage(
  { url, token, from, to, limit }: Options,
  cursor: string | undefined,
  pause: (ms: number) => Promise<unknown>,
): Promise<Page> {
  const query = new URLSearchParams({ from, to, limit, ...(cursor !== undefined && { cursor }) });
  let last = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await pause(Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS));
    let response: Response;
    try {
      response = await fetch(`${url}${PATH}?${query}`, {
        headers: { authorization: `Bearer ${token}` },
        redirect: "error",
        signal: AbortSignal.timeout(PAGE_LIMIT_MS),
      });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as Page;
      last = `${response.status} ${readDetail(text)}`;
    } catch {
      last = `${url} does not respond`;
      continue;
    }
    if (!BUSY.includes(response.status)) break;
  }
  throw new Interrupted(last, cursor);
}

/** The detail of a problem. */
function readDetail(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === "string" ? detail : "";
  } catch {
    return "";
  }
}
