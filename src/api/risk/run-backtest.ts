/** Runs a backtest in slices, so that other requests are served in between, and computes its cost. */
import type { Database } from "../../d1/query";
import { listTransactions, type TransactionPage } from "../../d1/transaction-queries";
import type { ListPlace } from "../../d1/transactions/list-source";
import type { ListFilter } from "../../d1/transactions/select-rows";
import type { BacktestTally, StoredDecision } from "../../domain/risk/backtest/backtest-report";

/** Payments of one read of D1, during which no other request is served. A backtest reads at most forty times; the
 *  free plan allows 50 queries per invocation. */
const READ_PAYMENTS = 25;
/** A page ends early after this much text, so that it fits into an isolate's memory. */
const MAX_CHARACTERS = 8_000_000;

/** Reading and parsing a payment takes as long as evaluating about this many conditions. */
const PAYMENT_CONDITIONS = 10;
/** Characters of a payment that are parsed in the time of one condition. */
const CHARACTERS_PER_CONDITION = 200;
/** The most expensive condition takes about 2 µs, another request about a millisecond. */
const CONDITIONS_PER_REQUEST = 500;
/** About a millisecond, or one payment with the most expensive rules. Work is counted and not timed, because a
 *  Worker's clock does not advance during computation. */
const SLICE_CONDITIONS = 500;

/** The number of requests that a backtest counts as: by the payments it may examine and the cost of each. */
export function backtestCost(limit: number, conditions: number): number {
  return Math.ceil((limit * (PAYMENT_CONDITIONS + conditions)) / CONDITIONS_PER_REQUEST);
}

/** The payments to examine, at most `limit` of them. */
export type Selection = {
  merchant_id: string;
  filter: ListFilter;
  after: ListPlace | undefined;
  limit: number;
};

/** @throws DatabaseUnavailable */
export function listPayments(
  db: Database,
  { merchant_id, filter, after, limit }: Selection,
): Promise<TransactionPage> {
  return listTransactions(db, merchant_id, filter, after, limit);
}

/** Evaluates a page of payments into `tally`, read in parts and evaluated in slices.
 *  @param list reads some of them
 *  @param conditions number of conditions of the candidate, for the size of a slice
 *  @param pause lets other requests run
 *  @param renew is called before each read but the first
 *  @returns where the next page begins, if there is one */
export async function tallyDecisions(
  list: (selection: Selection) => Promise<TransactionPage>,
  { after, limit, ...selection }: Selection,
  tally: BacktestTally,
  conditions: number,
  pause: () => Promise<void>,
  renew: () => Promise<void>,
): Promise<ListPlace | undefined> {
  let characters = 0;
  let spent = 0;
  let next = after;
  do {
    if (tally.examined > 0) await renew();
    const rows = Math.min(READ_PAYMENTS, limit - tally.examined);
    const page = await list({ ...selection, after: next, limit: rows });
    for (const text of page.items) {
      characters += text.length;
      spent += PAYMENT_CONDITIONS + conditions + text.length / CHARACTERS_PER_CONDITION;
      // A decision never changes, so the newest event contains it too. This service wrote the JSON.
      tally.add(JSON.parse(text) as StoredDecision);
      if (spent < SLICE_CONDITIONS) continue;
      spent = 0;
      await pause();
    }
    next = page.next;
  } while (next && tally.examined < limit && characters < MAX_CHARACTERS);
  return next;
}
