// What a SQLite database holds.
import type { DatabaseSync } from "node:sqlite";

/** The bytes of its pages; pages of deleted rows, which are used again, do not count. */
export function pageBytes(database: DatabaseSync): number {
  const read = (pragma: string) => {
    const row = database.prepare(`PRAGMA ${pragma}`).get() as Record<string, number>;
    return row[pragma] ?? 0;
  };
  return (read("page_count") - read("freelist_count")) * read("page_size");
}
