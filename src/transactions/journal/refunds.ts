/** The refunds of the transactions of a shard, as they are now. Their history is in the events. */
import { transactionOfRefund } from "../../domain/identity/id";
import type { RequestedRefund } from "../../domain/transaction/decisions/decide-refund";
import type { Refund } from "../../domain/transaction/refund";
import type { ArchivedPayments } from "./archived/archived-payments";
import type { RefundRow } from "./archived/refund-row";
import type { EventStore } from "./event-store";
import type { SqlWriter } from "./sql-writer";

type Stored = Pick<RefundRow, "id" | "data" | "sent_minor">;

export class Refunds {
  readonly #sql: SqlStorage;
  readonly #writer: SqlWriter;
  readonly #events: EventStore;
  readonly #archived: ArchivedPayments;

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage, writer: SqlWriter, events: EventStore, archived: ArchivedPayments) {
    this.#sql = sql;
    this.#writer = writer;
    this.#events = events;
    this.#archived = archived;
  }

  /** All refunds of a transaction, the newest first. */
  of(transactionId: string): RequestedRefund[] {
    return this.#read(transactionId).map(parse);
  }

  /** The ids and requested amounts of all refunds of a transaction, the newest first. */
  requestsOf(transactionId: string): Pick<RefundRow, "id" | "sent_minor">[] {
    return this.#read(transactionId).map(({ id, sent_minor }) => ({ id, sent_minor }));
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
    const transactionId = transactionOfRefund(refundId);
    const archived = this.#archived.refundsOf(transactionId);
    if (archived) return archived.find(({ id }) => id === refundId)?.data;
    return this.#sql
      .exec<{ data: string }>(
        "SELECT data FROM refunds WHERE transaction_id = ? AND id = ?",
        transactionId,
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
    const data = JSON.stringify(refund);
    this.insert(transaction_id, { id, position, status, sent_minor: sentMinor, data });
  }

  insert(transactionId: string, { position, id, status, sent_minor, data }: RefundRow): void {
    this.#writer.write(
      "INSERT INTO refunds (transaction_id, position, id, status, sent_minor, data) VALUES (?, ?, ?, ?, ?, ?)",
      transactionId,
      position,
      id,
      status,
      sent_minor,
      data,
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

  #read(transactionId: string): Stored[] {
    const archived = this.#archived.refundsOf(transactionId);
    if (archived) return archived;
    return this.#sql
      .exec<Stored>(
        "SELECT id, data, sent_minor FROM refunds WHERE transaction_id = ? ORDER BY position DESC",
        transactionId,
      )
      .toArray();
  }
}

function parse({ data, sent_minor }: Stored): RequestedRefund {
  return { refund: JSON.parse(data) as Refund, sent_minor }; // Written by add() or save().
}
