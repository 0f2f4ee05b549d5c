/** A page of what was created in a range, over all books. */
import type { Database } from "../query";
import {
  listRecorded,
  placeText,
  type Recorded,
  type RecordedPage,
  type RecordedPlace,
} from "../recorded-queries";

/** The same as `listRecorded` over several books. A merchant that is being moved has rows in two of them, which are listed
 *  once. @throws DatabaseUnavailable when any of the books fails */
export async function listRecordedInBooks(
  books: Database[],
  kind: "payments" | "refunds",
  created: { from: string; until: string },
  after: RecordedPlace | undefined,
  limit: number,
): Promise<RecordedPage> {
  const pages = await Promise.all(books.map((db) => listRecorded(db, kind, created, after, limit)));
  const [only] = pages;
  if (only && pages.length === 1) return only;
  // Behind the first of the ends, what another book has is not known yet.
  const ends = pages.flatMap(({ next }) => next ?? []).sort(comparePlaces);
  const [end] = ends;
  const found = new Map<string, Recorded>();
  for (const row of pages.flatMap(({ rows }) => rows)) {
    if (!end || comparePlaces(row, end) <= 0) found.set(placeText(row), row);
  }
  const rows = [...found.values()].sort(comparePlaces);
  const last = rows[limit - 1];
  if (rows.length <= limit || !last) return { rows, next: end };
  const { merchant_id, created_at, id } = last;
  return { rows: rows.slice(0, limit), next: { merchant_id, created_at, id } };
}

function comparePlaces(one: RecordedPlace, other: RecordedPlace): number {
  const [text, otherText] = [placeText(one), placeText(other)];
  return text < otherText ? -1 : Number(text > otherText);
}
