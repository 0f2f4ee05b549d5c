/** Reads what every book has counted, and how large it is. */
import { listBooks } from "../../d1/books/books";
import { mergeTotals } from "../../d1/books/merge-totals";
import { readTotals, type Total } from "../../d1/totals";
import type { Count } from "../../observability/durable-counters";
import type { AppContext } from "../context";

/** A book; `bytes` is undefined when it did not respond. */
export type BookReading = { book: number; bytes: number | undefined };
export type BookTotals = {
  books: BookReading[];
  /** The sums over all books; undefined when one of them did not respond, because a sum of the others would fall and rise. */
  totals: { book: Total[]; webhooks: Count[] } | undefined;
};

/** Never throws. */
export async function readBookTotals(c: AppContext, limitMs: number): Promise<BookTotals> {
  const readings = await Promise.all(
    listBooks(c.env, c.get("config").books).map(async ({ book, db }) => ({
      book,
      read: await readTotals(db, limitMs).catch(() => undefined),
    })),
  );
  const all = readings.flatMap(({ read }) => read ?? []);
  const isComplete = all.length === readings.length;
  return {
    books: readings.map(({ book, read }) => ({ book, bytes: read?.bytes })),
    totals: isComplete
      ? { book: mergeTotals(all.map((one) => one.book)), webhooks: all[0]?.webhooks ?? [] }
      : undefined,
  };
}
