/** Carrying out a backtest: what it costs, and how its work is cut so that other requests get their turn. */
import type { Database } from "../../d1/query";
import { type ListFilter, type ListPlace, listTransactions } from "../../d1/transaction-queries";
import type { BacktestTally, StoredDecision } from "../../domain/risk/backtest/backtest-report";

/** Payments of one read of the book, which is one turn in which nobody else is served. A whole backtest reads forty
 *  times at most; with the free plan an invocation has 50 queries. */
const READ_PAYMENTS = 25;
/** Text of payments after which a page ends early, so that it has room in an isolate. */
const MAX_CHARACTERS = 8_000_000;

/** To read and parse a payment takes as long as to evaluate about so many conditions. */
const PAYMENT_CONDITIONS = 10;
/** Characters of a payment that are parsed in the time of a condition. */
const CHARACTERS_PER_CONDITION = 200;
/** A condition takes some 2 µs where it is dearest, and a request of another kind a millisecond. */
const CONDITIONS_PER_REQUEST = 500;
/** About a millisecond, or one payment of the dearest rules, in which nobody else is served. It is counted and not
 *  timed: a Worker's clock stands still while it computes. */
const SLICE_CONDITIONS = 500;

/** As how many requests a backtest counts: by how many payments it may look at and what each costs. */
export function backtestCost(limit: number, conditions: number): number {
  return Math.ceil((limit * (PAYMENT_CONDITIONS + conditions)) / CONDITIONS_PER_REQUEST);
}

/** Which payments, and as many as the caller wants at most. */
export type Wanted = {
  merchant_id: string;
  filter: ListFilter;
  after: ListPlace | undefined;
  limit: number;
};

/** Adds a page of decisions up, read piece by piece and evaluated in slices.
 *  @param conditions of the candidate, for the size of a slice
 *  @param pause lets others have their turn
 *  @param goOn is called before each further read
 *  @returns where the next page begins, if there is one */
export async function tallyDecisions(
  db: Database,
  { merchant_id, filter, after, limit }: Wanted,
  tally: BacktestTally,
  conditions: number,
  pause: () => Promise<void>,
  goOn: () => Promise<void>,
): Promise<ListPlace | undefined> {
  let characters = 0;
  let spent = 0;
  let next = after;
  do {
    if (tally.examined > 0) await goOn();
    const rows = Math.min(READ_PAYMENTS, limit - tally.examined);
    const page = await listTransactions(db, merchant_id, filter, next, rows);
    for (const text of page.items) {
      characters += text.length;
      spent += PAYMENT_CONDITIONS + conditions + text.length / CHARACTERS_PER_CONDITION;
      // A decision never changes, so the newest event has it as well as the first. We wrote it.
      tally.add(JSON.parse(text) as StoredDecision);
      if (spent < SLICE_CONDITIONS) continue;
      spent = 0;
      await pause();
    }
    next = page.next;
  } while (next && tally.examined < limit && characters < MAX_CHARACTERS);
  return next;
}
