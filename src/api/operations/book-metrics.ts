/** Metrics about the books themselves. */
import type { Family } from "../../observability/prometheus";
import { FIRST_BOOK } from "../../settings";
import type { BookReading } from "../books/read-totals";

/** The name of a book as a source of metrics. */
export const bookSource = (book: number): string => (book === FIRST_BOOK ? "book" : `book-${book}`);

export function bookMetrics(books: BookReading[]): Family[] {
  return [
    {
      name: "payments_book_bytes",
      type: "gauge",
      help: "Size of the D1 database of a book.",
      samples: books.flatMap(({ book, bytes }) =>
        bytes === undefined ? [] : [{ labels: { book }, value: bytes }],
      ),
    },
  ];
}
