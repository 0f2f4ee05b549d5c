/** The events that share a row of `events` with a later event of their transaction. Of their text only what differs from
 *  the later one is stored, because most of it is the same. */
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

/** Packs consecutive events of a transaction, oldest first, for one row.
 *  @param transactions the `data` of each event as an object, parsed or as it was before it became text */
export function packEarlier(events: Stored[], transactions: Members[]): EarlierEvent[] {
  const last = transactions.at(-1) ?? {};
  return events.slice(0, -1).map(({ sequence, type, created_at_ms, data, refund }, at) => {
    const differing = selectDiffering(transactions[at] ?? {}, last);
    const isExact = JSON.stringify({ ...last, ...differing }) === data;
    const event = [sequence, type, created_at_ms, isExact ? differing : data] as const;
    return refund === null ? [...event] : [...event, refund];
  });
}

/** The events of a row, oldest first, each with the exact bytes that were packed. */
export function unpackEvents<Row extends Stored & { earlier: string }>(row: Row): Row[] {
  if (row.earlier === "[]") return [row];
  const last = JSON.parse(row.data) as Members; // A transaction's text.
  const earlier = JSON.parse(row.earlier) as EarlierEvent[]; // Written from `packEarlier`.
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

function selectDiffering(members: Members, from: Members): Members {
  const differing: [string, unknown][] = [];
  for (const name of Object.keys(members)) {
    const value = members[name];
    if (value === undefined) continue; // JSON has no such member.
    if (!isSame(value, from[name])) differing.push([name, value]);
  }
  return Object.fromEntries(differing);
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other || typeof one !== "object" || one === null) return one === other;
  return JSON.stringify(one) === JSON.stringify(other);
}
