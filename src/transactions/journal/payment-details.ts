/** What is stored beside a transaction and not in it: what the processor needs to charge it, and what the customer has to do.
 *  Both may hold secrets of the processor, so neither is part of a transaction's text, which every reader gets. */
import type { NextAction } from "../../domain/transaction/next-action";
import { hasDetails, type PaymentDetails } from "../../domain/transaction/payment-details";
import type { ArchivedPayments } from "./archived/archived-payments";
import type { SqlWriter } from "./sql-writer";

export class StoredDetails {
  readonly #sql: SqlStorage;
  readonly #writer: SqlWriter;
  readonly #archived: ArchivedPayments;
  /** Whether the tables may have rows. In most deployments they have none and are not read. */
  #mayHaveDetails: boolean;
  #mayHaveActions: boolean;

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage, writer: SqlWriter, archived: ArchivedPayments) {
    this.#sql = sql;
    this.#writer = writer;
    this.#archived = archived;
    this.#mayHaveDetails = sql.exec("SELECT 1 FROM payment_details LIMIT 1").toArray().length > 0;
    this.#mayHaveActions = sql.exec("SELECT 1 FROM next_actions LIMIT 1").toArray().length > 0;
  }

  /** What the create request named for the processor; undefined when it named nothing. */
  of(transactionId: string): PaymentDetails | undefined {
    const text = this.textOf(transactionId);
    return text === null ? undefined : (JSON.parse(text) as PaymentDetails); // Written by add().
  }

  /** The same as JSON text; null when it named nothing. */
  textOf(transactionId: string): string | null {
    const archived = this.#archived.find(transactionId);
    if (archived) return archived.details;
    if (!this.#mayHaveDetails) return null;
    const [found] = this.#sql
      .exec<Row>("SELECT data FROM payment_details WHERE transaction_id = ?", transactionId)
      .toArray();
    return found?.data ?? null;
  }

  /** Stores what a new transaction's request names, if it names anything. */
  add(transactionId: string, details: PaymentDetails | undefined): void {
    if (hasDetails(details)) this.insert(transactionId, JSON.stringify(details));
  }

  insert(transactionId: string, data: string): void {
    this.#mayHaveDetails = true;
    this.#writer.write("INSERT INTO payment_details VALUES (?, ?)", transactionId, data);
  }

  /** Whether any customer may have to act. */
  get mayHaveActions(): boolean {
    return this.#mayHaveActions;
  }

  /** The JSON text of what the customer has to do; undefined when nothing is known. */
  nextActionOf(transactionId: string): string | undefined {
    if (!this.#mayHaveActions) return undefined;
    return this.#sql
      .exec<Row>("SELECT data FROM next_actions WHERE transaction_id = ?", transactionId)
      .toArray()[0]?.data;
  }

  setNextAction(transactionId: string, action: NextAction): void {
    const data = JSON.stringify(action);
    if (this.nextActionOf(transactionId) === data) return;
    this.#mayHaveActions = true;
    this.#writer.write("INSERT OR REPLACE INTO next_actions VALUES (?, ?)", transactionId, data);
  }

  /** Deletes both. */
  delete(transactionId: string): void {
    this.#writer.write("DELETE FROM payment_details WHERE transaction_id = ?", transactionId);
    this.deleteNextAction(transactionId);
  }

  deleteNextAction(transactionId: string): void {
    this.#writer.write("DELETE FROM next_actions WHERE transaction_id = ?", transactionId);
  }
}

type Row = { data: string };
