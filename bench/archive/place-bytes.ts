// What an archived payment takes in the tables of its shard: a row that says where it is.
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { pageBytes } from "../page-bytes.ts";

/** Enough for a tree of three levels. */
const SEGMENTS = 200;

/** Bytes of the pages of `archived`, for one payment. Ids are random, so the pages of a large table are not full. */
export function measurePlaceBytes(
  { ArchivedPayments, migrateJournal, newId }: typeof import("./project.ts"),
  paymentsASegment: number,
): number {
  const database = new DatabaseSync(":memory:");
  const sql = storageOf(database);
  migrateJournal(sql);
  const before = pageBytes(database);
  const archived = new ArchivedPayments(sql);
  database.exec("BEGIN");
  for (let segment = 1; segment <= SEGMENTS; segment++) {
    const ids = Array.from({ length: paymentsASegment }, (_, at) => newId(`${segment}/${at}`));
    archived.insert(ids.sort().map((id) => ({ id, segment, block: 0 })));
  }
  database.exec("COMMIT");
  const bytes = pageBytes(database) - before;
  database.close();
  return bytes / (SEGMENTS * paymentsASegment);
}

/** As much of an object's storage as the journal's tables need. */
function storageOf(database: DatabaseSync): SqlStorage {
  const exec = (query: string, ...given: (SQLInputValue | ArrayBuffer)[]) => {
    const bindings = given.map((one) => (one instanceof ArrayBuffer ? new Uint8Array(one) : one));
    if (bindings.length === 0 && !/^\s*SELECT/.test(query)) database.exec(query);
    const rows =
      bindings.length > 0 || /^\s*SELECT/.test(query)
        ? database.prepare(query).all(...bindings)
        : [];
    return { toArray: () => rows, one: () => rows[0] };
  };
  return { exec } as unknown as SqlStorage; // Nothing else of it is used.
}
