/** Reads rows of `events`, which earlier releases wrote: the events that share a row with a later event of their transaction
 *  have only what differs from the later one. */
import type { EventType } from "../../domain/transaction/event";

/** `[sequence, type, created_at_ms, data, refund]`. `data` is an object with the members of the transaction that differ from
 *  the row's own, or the whole JSON text where its members do not suffice to restore its bytes. `refund` is there for
 *  events about one: its whole JSON text. */
export type EarlierEvent = [
  sequence: number,
  type: EventType,
  created_at_ms: number,
  data: Members | string,
  refund?: string,
];

type Members = Record<string, unknown>;

/** What of an event is stored in a row. */
type Stored = {
  sequence: number;
  type: EventType;
  created_at_ms: number;
  data: string;
  refund: string | null;
};

/** The events of a row, oldest first, each with the exact bytes that were packed. */
export function unpackEvents<Row extends Stored & { earlier: string }>(row: Row): Row[] {
  if (row.earlier === "[]") return [row];
  const last = JSON.parse(row.data) as Members; // A transaction's text.
  const earlier = JSON.parse(row.earlier) as EarlierEvent[]; // A list of them.
  const events = earlier.map(([sequence, type, created_at_ms, data, refund = null]) => ({
    ...row,
    sequence,
    type,
    created_at_ms,
    data: typeof data === "string" ? data : JSON.stringify({ ...last, ...data }),
    refund,
  }));
  return [...events, row];
}
