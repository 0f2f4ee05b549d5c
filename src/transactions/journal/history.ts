/** Reads a transaction's events from the tables. The first one is found by the transaction's id, and the others by the
 *  position of the first. */
import type { EventRecord } from "../../domain/transaction/event";

/** The JSON text of a transaction at one of its versions. @throws when it has no such version */
export function readVersion(sql: SqlStorage, transactionId: string, version: number): string {
  const events = version === 1 ? readFirst(sql, transactionId) : readHistory(sql, transactionId);
  const found = events.find(({ sequence }) => sequence === version);
  if (!found) throw new Error("a transaction does not have this version");
  return found.data;
}

/** All events of a transaction, in order: a handful. */
export function readHistory(sql: SqlStorage, transactionId: string): EventRecord[] {
  const [first] = readFirst(sql, transactionId);
  if (!first) return [];
  const later = sql.exec<EventRecord>(
    "SELECT * FROM events WHERE first_position = ? AND sequence > 1 ORDER BY sequence",
    first.position,
  );
  return [first, ...later];
}

function readFirst(sql: SqlStorage, transactionId: string): EventRecord[] {
  return sql
    .exec<EventRecord>(
      "SELECT * FROM events WHERE transaction_id = ? AND sequence = 1",
      transactionId,
    )
    .toArray();
}
