/** The form in which a transaction is a row of `listed_transactions`: some members are columns, and its text is packed
 *  without them. */
import { packId, unpackId } from "../../domain/identity/packed-id";
import { formatHex } from "../../domain/text/hex";
import { formatTime } from "../../domain/time/format-time";
import type { EventRecord } from "../../domain/transaction/event";
import type { Status } from "../../domain/transaction/status";
import { FORMS, packState, unpackState } from "../../domain/transaction/stored/packed-text";
import { STATUS_NUMBERS, toStatus } from "../../domain/transaction/stored/status-numbers";
import type { Transaction } from "../../domain/transaction/transaction";

/** The place of a transaction in the tables: the merchant's id, `created_at` in ms and the packed id in hex, and the last
 *  two once more as text, by which earlier releases stored it. */
export type RowKey = [
  merchant_id: string,
  created_at_ms: number,
  id_hex: string,
  created_at: string,
  id: string,
];

export function toRowKey(merchantId: string, createdAt: string, id: string): RowKey {
  return [merchantId, Date.parse(createdAt), formatHex(packId(id)), createdAt, id];
}

/** The parameters of `WRITE_TRANSACTIONS` for a transaction as of an event. */
export type SentRow = [
  ...key: RowKey,
  version: number,
  status: number,
  user_id: string,
  amount_minor: number,
  currency: string,
  updated_at: number,
  form: number,
  data: string,
];

export function toSentRow(key: RowKey, event: EventRecord, transaction: Transaction): SentRow {
  const { status, user_id, amount_minor, currency } = transaction;
  const updatedAtMs = Date.parse(transaction.updated_at);
  const [, createdAtMs, , , id] = key;
  const columns = { status, user_id, amount_minor, currency, version: event.sequence };
  const packed = isStorable(user_id)
    ? packState(event.data, transaction, factsOf(id, createdAtMs, updatedAtMs, columns))
    : undefined;
  return [
    ...key,
    event.sequence,
    STATUS_NUMBERS[status],
    user_id,
    amount_minor,
    currency,
    updatedAtMs,
    packed === undefined ? FORMS.whole : FORMS.packed,
    packed ?? event.data,
  ];
}

/** A row as it is read. `columns` is a JSON array: form, version, status, user_id, amount_minor, currency and updated_at. */
export type ListedRow = {
  created_at: number;
  id: ArrayLike<number>;
  data: string;
  columns: string;
};
type ReadColumns = [number, number, number, string, number, string, number];

/** The JSON text of a row's transaction, the bytes that were written. */
export function readText({ created_at, id, data, columns }: ListedRow): string {
  const [form, version, status, user_id, amount_minor, currency, updatedAtMs] = JSON.parse(
    columns,
  ) as ReadColumns; // As selected.
  if (form === FORMS.whole) return data;
  const own = { user_id, amount_minor, currency, version, status: toStatus(status) };
  return JSON.stringify(unpackState(data, factsOf(unpackId(id), created_at, updatedAtMs, own)));
}

type Columns = Pick<Transaction, "user_id" | "amount_minor" | "currency" | "version"> & {
  status: Status;
};

/** What a text is packed against beside a blank payment. It must never change. */
function factsOf(id: string, createdAtMs: number, updatedAtMs: number, columns: Columns) {
  return {
    id,
    created_at: formatTime(createdAtMs),
    updated_at: formatTime(updatedAtMs),
    ...columns,
    // What most payments with the status have.
    amount_captured_minor: columns.status === "completed" ? columns.amount_minor : 0,
  };
}

/** Whether SQLite returns a text as it was: one with half of a surrogate pair it does not, and one with U+0000 ends there. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}
