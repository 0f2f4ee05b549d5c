/** The refunds of the transactions of a shard, as they are now. Their history is in the events. */
import { transactionOfRefund } from "../../domain/identity/id";
import type { RequestedRefund } from "../../domain/transaction/decisions/decide-refund";
import type { Refund } from "../../domain/transaction/refund";
import type { EventStore } from "./event-store";
import type { SqlWriter } from "./sql-writer";

type Row = { id: string; data: string; sent_minor: number | null };

export class Refunds {
  readonly #sql: SqlStorage;
  readonly #writer: SqlWriter;
  readonly #events: EventStore;

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage, writer: SqlWriter, events: EventStore) {
    this.#sql = sql;
    this.#writer = writer;
    this.#events = events;
  }

  /** All refunds of a transaction, the newest first. */
  of(transactionId: string): RequestedRefund[] {
    return this.#read(transactionId).map(parse);
  }

  /** The JSON texts of all refunds of a transaction, the newest first. */
  textsOf(transactionId: string): string[] {
    return this.#read(transactionId).map(({ data }) => data);
  }

  find(refundId: string): Refund | undefined {
    const text = this.findText(refundId);
    return text === undefined ? undefined : (JSON.parse(text) as Refund); // Written by save().
  }

  /** A refund as its JSON text. */
  findText(refundId: string): string | undefined {
    return this.#sql
      .exec<{ data: string }>(
        "SELECT data FROM refunds WHERE transaction_id = ? AND id = ?",
        transactionOfRefund(refundId),
        refundId,
      )
      .toArray()[0]?.data;
  }

  /** The `traceparent` of the request that made a refund. */
  traceparentOf(refundId: string): string | null {
    const [refund] = this.#sql
      .exec<{ position: number }>(
        "SELECT position FROM refunds WHERE transaction_id = ? AND id = ?",
        transactionOfRefund(refundId),
        refundId,
      )
      .toArray();
    return (refund && this.#events.readAt([refund.position])[0]?.traceparent) ?? null;
  }

  /** Stores a new refund.
   *  @param sentMinor the amount that its request named
   *  @param position of the event that creates it */
  add(refund: Refund, sentMinor: number | null, position: number): void {
    const { transaction_id, id, status } = refund;
    this.#writer.write(
      "INSERT INTO refunds (transaction_id, position, id, status, sent_minor, data) VALUES (?, ?, ?, ?, ?, ?)",
      transaction_id,
      position,
      id,
      status,
      sentMinor,
      JSON.stringify(refund),
    );
  }

  /** Stores what has become of a refund. */
  save(refund: Refund): void {
    this.#writer.write(
      "UPDATE refunds SET status = ?, data = ? WHERE transaction_id = ? AND id = ?",
      refund.status,
      JSON.stringify(refund),
      refund.transaction_id,
      refund.id,
    );
  }

  #read(transactionId: string): Row[] {
    return this.#sql
      .exec<Row>(
        "SELECT id, data, sent_minor FROM refunds WHERE transaction_id = ? ORDER BY position DESC",
        transactionId,
      )
      .toArray();
  }
}

function parse({ data, sent_minor }: Row): RequestedRefund {
  return { refund: JSON.parse(data) as Refund, sent_minor }; // Written by add() or save().
}
