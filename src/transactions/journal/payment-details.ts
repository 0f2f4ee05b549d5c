/** What is stored beside a transaction and not in it: what the processor needs to charge it, and what the customer has to do.
 *  Both may hold secrets of the processor, so neither is part of a transaction's text, which every reader gets. */
import type { NextAction } from "../../domain/transaction/next-action";
import { hasDetails, type PaymentDetails } from "../../domain/transaction/payment-details";
import type { SqlWriter } from "./sql-writer";

export class StoredDetails {
  readonly #sql: SqlStorage;
  readonly #writer: SqlWriter;
  /** Whether a table may have rows. Most deployments have none, and they read nothing. */
  readonly #mayHave: Record<Table, boolean>;

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage, writer: SqlWriter) {
    this.#sql = sql;
    this.#writer = writer;
    this.#mayHave = {
      payment_details: hasRows(sql, "payment_details"),
      next_actions: hasRows(sql, "next_actions"),
    };
  }

  /** What the create request named for the processor; undefined when it named nothing. */
  of(transactionId: string): PaymentDetails | undefined {
    const text = this.#read("payment_details", transactionId);
    return text === undefined ? undefined : (JSON.parse(text) as PaymentDetails); // Written by add().
  }

  /** Stores what a new transaction's request names, if it names anything. */
  add(transactionId: string, details: PaymentDetails | undefined): void {
    if (hasDetails(details)) this.#put("payment_details", transactionId, JSON.stringify(details));
  }

  /** Whether a customer may have to do something. */
  get hasNextActions(): boolean {
    return this.#mayHave.next_actions;
  }

  /** The JSON text of what the customer has to do; undefined when nothing is known. */
  nextActionOf(transactionId: string): string | undefined {
    return this.#read("next_actions", transactionId);
  }

  setNextAction(transactionId: string, action: NextAction): void {
    const text = JSON.stringify(action);
    if (this.nextActionOf(transactionId) === text) return;
    this.#put("next_actions", transactionId, text);
  }

  deleteNextAction(transactionId: string): void {
    if (!this.#mayHave.next_actions) return;
    this.#writer.write("DELETE FROM next_actions WHERE transaction_id = ?", transactionId);
  }

  #read(table: Table, transactionId: string): string | undefined {
    if (!this.#mayHave[table]) return undefined;
    return this.#sql
      .exec<{ data: string }>(`SELECT data FROM ${table} WHERE transaction_id = ?`, transactionId)
      .toArray()[0]?.data;
  }

  #put(table: Table, transactionId: string, data: string): void {
    this.#mayHave[table] = true;
    this.#writer.write(`INSERT OR REPLACE INTO ${table} VALUES (?, ?)`, transactionId, data);
  }
}

type Table = "payment_details" | "next_actions";

function hasRows(sql: SqlStorage, table: Table): boolean {
  return sql.exec(`SELECT 1 FROM ${table} LIMIT 1`).toArray().length > 0;
}
