/** Adds up what each book has counted. */
import type { Total } from "../totals";

/** The totals of all books, each kind once. */
export function mergeTotals(books: Total[][]): Total[] {
  const kinds = Map.groupBy(books.flat(), ({ type, currency, code, decision }) =>
    JSON.stringify([type, currency, code, decision]),
  );
  return [...kinds.values()].map((same) => ({
    ...(same[0] as Total), // A group has a row.
    count: same.reduce((sum, { count }) => sum + count, 0),
    amount_minor: same.reduce((sum, { amount_minor }) => sum + amount_minor, 0),
  }));
}
