// Reads the pages of a reconciliation.
import { type Pause, RequestFailed, requestJson } from "../operator/request.ts";
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
/** A page makes up to a hundred calls. */
const PAGE_LIMIT_MS = 120_000;

/** The run cannot go on. `cursor`: where it can be continued. */
export class Interrupted extends Error {
  readonly cursor: string | undefined;

  constructor(message: string, cursor: string | undefined) {
    super(message);
    this.cursor = cursor;
  }
}

/** Every page, in order. @throws Interrupted */
export async function* readPages(options: Options, pause?: Pause): AsyncGenerator<Page> {
  let cursor = options.cursor;
  do {
    const page = await readPage(options, cursor, pause);
    yield page;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

async function readPage(
  options: Options,
  cursor: string | undefined,
  pause: Pause | undefined,
): Promise<Page> {
  const { from, to, limit } = options;
  const query = new URLSearchParams({ from, to, limit, ...(cursor !== undefined && { cursor }) });
  try {
    const sent = { path: `${PATH}?${query}`, limit_ms: PAGE_LIMIT_MS };
    return await requestJson<Page>(options, sent, pause);
  } catch (fault) {
    if (fault instanceof RequestFailed) throw new Interrupted(fault.message, cursor);
    throw fault;
  }
}
