/** The form in which an event is a row of `events`: the facts of its transaction once, in the row of the first event, and
 *  of each event only what it has changed. */
import { formatTime } from "../../domain/time/format-time";
import type { EventRecord, EventType } from "../../domain/transaction/event";
import {
  FORMS,
  type Members,
  packState,
  packText,
  unpack,
  unpackState,
} from "../../domain/transaction/stored/packed-text";
import type { Transaction } from "../../domain/transaction/transaction";

/** The number of each type in the rows. A number is never given to another type. */
export const TYPE_NUMBERS: Record<EventType, number> = {
  "transaction.created": 1,
  "transaction.review_opened": 2,
  "transaction.review_approved": 3,
  "transaction.processing": 4,
  "transaction.requires_action": 5,
  "transaction.authorized": 6,
  "transaction.captured": 7,
  "transaction.capture_failed": 8,
  "transaction.voided": 9,
  "transaction.void_failed": 10,
  "transaction.capture_expired": 11,
  "transaction.action_expired": 12,
  "transaction.completed": 13,
  "transaction.failed": 14,
  "transaction.cancelled": 15,
  "dispute.opened": 16,
  "dispute.closed": 17,
  "refund.created": 18,
  "refund.succeeded": 19,
  "refund.failed": 20,
  "transaction.erased": 21,
};
const TYPES = new Map(
  Object.entries(TYPE_NUMBERS).map(([type, number]) => [number, type as EventType]),
);

/** A row of `events`. Only the first event of a transaction has the ids. */
export type StoredEvent = {
  position: number;
  first_position: number;
  sequence: number;
  type: number;
  created_at_ms: number;
  /** One of `FORMS`. Packed against a blank payment, or of a later event against the first one. */
  form: number;
  data: string;
  traceparent: string | null;
  refund: string | null;
  merchant_id: string | null;
  transaction_id: string | null;
};

/** In the order of the table. */
export const EVENT_COLUMNS = [
  "position",
  "first_position",
  "sequence",
  "type",
  "created_at_ms",
  "form",
  "data",
  "traceparent",
  "refund",
  "merchant_id",
  "transaction_id",
] as const satisfies (keyof StoredEvent)[];

type Values = [
  position: number,
  first_position: number,
  sequence: number,
  type: number,
  created_at_ms: number,
  form: number,
  data: string,
  traceparent: string | null,
  refund: string | null,
  merchant_id: string | null,
  transaction_id: string | null,
];

/** The rows of a statement that selects `*` of `events`. An array of values takes the runtime half as long as an object. */
export function readStored(cursor: Pick<SqlStorageCursor<StoredEvent>, "raw">): StoredEvent[] {
  return Array.from(cursor.raw<Values>(), (values) => {
    const [position, first_position, sequence, type, created_at_ms, form, data, ...rest] = values;
    const [traceparent, refund, merchant_id, transaction_id] = rest;
    return {
      position,
      first_position,
      sequence,
      type,
      created_at_ms,
      form,
      data,
      traceparent,
      refund,
      merchant_id,
      transaction_id,
    };
  });
}

/** What the later events of a transaction are stored without. `transaction` is as of the first event. */
export type FirstEvent = { merchant_id: string; transaction_id: string; transaction: Members };

/** An event with its parsed `data`, and the transaction as of its first event. */
export type NewEvent = { record: EventRecord; transaction: Transaction; first: Members };

/** The row of a new event. */
export function toStored({ record, transaction, first }: NewEvent): StoredEvent {
  const { position, first_position, sequence, created_at_ms, traceparent, refund } = record;
  const isFirst = sequence === 1;
  const packed = isFirst
    ? packState(record.data, transaction, factsOf(record.transaction_id, created_at_ms))
    : packText(record.data, transaction, baseOf(first, sequence, created_at_ms));
  return {
    position,
    first_position,
    sequence,
    type: TYPE_NUMBERS[record.type],
    created_at_ms,
    form: packed === undefined ? FORMS.whole : FORMS.packed,
    data: packed ?? record.data,
    traceparent,
    refund,
    merchant_id: isFirst ? record.merchant_id : null,
    transaction_id: isFirst ? record.transaction_id : null,
  };
}

/** What the row of a first event says about its transaction. @throws Error for the row of a later event */
export function readFirstEvent(stored: StoredEvent): FirstEvent {
  const { merchant_id, transaction_id, created_at_ms, form, data } = stored;
  if (merchant_id === null || transaction_id === null) throw new Error("not a first event");
  const transaction =
    form === FORMS.packed
      ? unpackState(data, factsOf(transaction_id, created_at_ms))
      : (JSON.parse(data) as Members); // Our own text.
  return { merchant_id, transaction_id, transaction };
}

/** The event of a row, with the bytes of its text. @param first of the same transaction */
export function fromStored(stored: StoredEvent, first: FirstEvent): EventRecord {
  const { position, first_position, sequence, created_at_ms, traceparent, refund } = stored;
  const type = TYPES.get(stored.type);
  if (type === undefined)
    throw new Error(`the journal has an event of unknown type ${stored.type}`);
  return {
    position,
    merchant_id: first.merchant_id,
    transaction_id: first.transaction_id,
    sequence,
    type,
    created_at_ms,
    data: textOf(stored, first),
    traceparent,
    first_position,
    refund,
  };
}

function textOf(stored: StoredEvent, first: FirstEvent): string {
  return stored.form === FORMS.whole ? stored.data : JSON.stringify(readState(stored, first));
}

/** The transaction as of the event of a row. @param first of the same transaction */
export function readState(stored: StoredEvent, first: FirstEvent): Members {
  const { form, data, sequence, created_at_ms } = stored;
  if (sequence === 1) return first.transaction;
  if (form === FORMS.whole) return JSON.parse(data) as Members; // Our own text.
  return unpack(data, baseOf(first.transaction, sequence, created_at_ms));
}

function factsOf(id: string, createdAtMs: number) {
  return { id, created_at: formatTime(createdAtMs) };
}

/** What a later event is packed against: the first one, with what the row has in columns. */
function baseOf(first: Members, sequence: number, createdAtMs: number): Members {
  return { ...first, version: sequence, updated_at: formatTime(createdAtMs) };
}
