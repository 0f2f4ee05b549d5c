/** The totals of a period, as the overview shows them. */

import { readOwnBook } from "../../api/books/own-book";
import type { AppContext } from "../../api/context";
import { readBooks } from "../../d1/books/books";
import {
  HOUR_MS,
  type HoursTotal,
  PERIODS,
  type Period,
  pointsOf,
  readHours,
} from "../../d1/hourly-totals";
import { DatabaseUnavailable, openDatabase } from "../../d1/query";

export type Totals = {
  period: Period;
  /** The begin of each point, oldest first, in milliseconds since 1970. */
  points_ms: number[];
  rows: HoursTotal[];
};

/** Counts can be added up over currencies. */
const COUNTERS = [
  "created",
  "completed",
  "declined",
  "blocked",
  "held",
  "rejected",
  "cancelled",
  "refunded",
  "reversed",
  "disputed",
] as const;
export type Counter = (typeof COUNTERS)[number];
export type Counts = Record<Counter, number>;

const AMOUNTS = ["completed_minor", "refunded_minor", "reversed_minor", "disputed_minor"] as const;

/** The sums of one currency. Amounts are in its minor units. */
export type CurrencyTotal = Counts & { currency: string } & Record<
    (typeof AMOUNTS)[number],
    bigint
  >;

/** @param merchantId undefined for all merchants together
 *  @returns undefined if D1 does not respond */
export async function readTotals(
  c: AppContext,
  merchantId: string | undefined,
  period: Period,
  nowMs: number,
): Promise<Totals | undefined> {
  try {
    const rows =
      merchantId === undefined
        ? await readAllHours(c, period, nowMs)
        : await readOwnBook(c, (db) => readHours(db, merchantId, period, nowMs));
    return { period, points_ms: pointsOf(period, nowMs).map((hour) => hour * HOUR_MS), rows };
  } catch (fault) {
    if (fault instanceof DatabaseUnavailable) return undefined;
    throw fault;
  }
}

/** What each book has counted of all merchants; of an hour and a currency there can be a row of each book. */
async function readAllHours(c: AppContext, period: Period, nowMs: number): Promise<HoursTotal[]> {
  const read = (db: D1Database) => readHours(openDatabase(db), undefined, period, nowMs);
  return (await readBooks(c.env, c.get("config").books, read)).flat();
}

/** The counts of all currencies together. */
export function sumCounts(rows: readonly HoursTotal[]): Counts {
  const sums = COUNTERS.map((counter) => [
    counter,
    rows.reduce((sum, row) => sum + row[counter], 0),
  ]);
  return Object.fromEntries(sums) as Counts; // One of each.
}

/** Each currency on its own, the one with the most completed payments first. */
export function sumCurrencies(rows: readonly HoursTotal[]): CurrencyTotal[] {
  const groups = Map.groupBy(rows, ({ currency }) => currency);
  const totals = [...groups].map(([currency, own]) => {
    const amounts = AMOUNTS.map((amount) => [
      amount,
      own.reduce((sum, row) => sum + row[amount], 0n),
    ]);
    return { currency, ...sumCounts(own), ...Object.fromEntries(amounts) } as CurrencyTotal; // One of each.
  });
  return totals.sort(
    (one, other) =>
      other.completed - one.completed ||
      other.created - one.created ||
      (one.currency < other.currency ? -1 : 1),
  );
}

/** The rows of each point, in the order of the points. */
export function rowsOfPoints({ points_ms, rows }: Totals): { at_ms: number; rows: HoursTotal[] }[] {
  const byPoint = Map.groupBy(rows, ({ hour }) => hour * HOUR_MS);
  return points_ms.map((at_ms) => ({ at_ms, rows: byPoint.get(at_ms) ?? [] }));
}

/** The length of a point of a period in milliseconds. */
export const pointLengthMs = (period: Period): number => PERIODS[period].hours_of_point * HOUR_MS;
