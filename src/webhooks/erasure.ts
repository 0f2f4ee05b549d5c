/** Erases the customer's data of transactions in their deliveries, and in events that arrive late. Call it inside a
 *  transaction. */
import { eraseRefund, eraseTexts, eraseTransaction } from "../domain/erasure/erase-texts";
import type { EventRecord } from "../domain/transaction/event";
import type { Refund } from "../domain/transaction/refund";
import type { Transaction } from "../domain/transaction/transaction";
import { type ErasedTransaction, formatOrigin, isOrigin } from "./rpc";
import type { Deliveries } from "./store/deliveries";
import type { DeliveryWithBody } from "./store/delivery";
import { hasEarlier } from "./store/earlier-deliveries";
import type { Endpoints } from "./store/endpoints";

/** In the place of the URL that a transaction named for itself. No host has this name: RFC 2606, section 2. */
export const ERASED_URL = "https://erased.invalid/";
/** For how long an event that was sent before the erasure can arrive: far longer than any call takes. */
const REMEMBERED_MS = 86_400_000;

type Stored = Pick<
  DeliveryWithBody,
  "position" | "endpoint_id" | "event_type" | "status" | "url" | "body"
>;

export class Erasure {
  readonly #sql: SqlStorage;
  readonly #deliveries: Deliveries;
  readonly #endpoints: Endpoints;
  #nextAtMs: number | undefined;

  constructor(sql: SqlStorage, deliveries: Deliveries, endpoints: Endpoints) {
    this.#sql = sql;
    this.#deliveries = deliveries;
    this.#endpoints = endpoints;
    this.#reread();
  }

  /** Rewrites the deliveries of transactions. Those to a transaction's own URL end, and the URL is replaced. May be repeated.
   *  @returns how many were changed; null while deliveries of an earlier release are still to be moved */
  erase(transactions: ErasedTransaction[], nowMs: number): number | null {
    if (hasEarlier(this.#sql)) return null;
    let erased = 0;
    for (const transaction of transactions) {
      this.#sql.exec(
        "INSERT OR REPLACE INTO erased_transactions VALUES (?, ?)",
        transaction.id,
        nowMs + REMEMBERED_MS,
      );
      for (const delivery of this.#read(transaction)) {
        if (this.#eraseDelivery(delivery, nowMs)) erased += 1;
      }
    }
    this.#reread();
    return erased;
  }

  /** An event as it is to be announced: without the customer's data when it was sent before the erasure. */
  ofArriving(event: EventRecord): EventRecord {
    if (this.#nextAtMs === undefined || !this.#isErased(event.transaction_id)) return event;
    const { erased_at } = JSON.parse(event.data) as Transaction; // Our own text.
    return erased_at === undefined ? { ...event, ...eraseTexts(event) } : event;
  }

  /** When the next transaction is forgotten; undefined when none is remembered. */
  get nextAtMs(): number | undefined {
    return this.#nextAtMs;
  }

  /** Forgets transactions that were erased long ago. */
  sweep(nowMs: number): void {
    if (this.#nextAtMs === undefined || this.#nextAtMs > nowMs) return;
    this.#sql.exec("DELETE FROM erased_transactions WHERE until_ms <= ?", nowMs);
    this.#reread();
  }

  #read({ id, erased_at_ms }: ErasedTransaction): Stored[] {
    return this.#sql
      .exec<Stored>(
        `SELECT position, endpoint_id, event_type, status, url, body FROM deliveries
         WHERE transaction_id = ? AND (happened_at IS NULL OR happened_at <= ?)`,
        id,
        erased_at_ms,
      )
      .toArray();
  }

  /** @returns whether anything had to be changed */
  #eraseDelivery(delivery: Stored, nowMs: number): boolean {
    const { position, endpoint_id, status } = delivery;
    const isOwn = isOrigin(endpoint_id);
    const erased = {
      body: eraseBody(delivery),
      url: isOwn ? ERASED_URL : delivery.url,
      endpoint_id: isOwn ? formatOrigin(ERASED_URL) : endpoint_id,
    };
    if (erased.body === delivery.body && erased.url === delivery.url) return false;
    if (isOwn && status === "pending") this.#deliveries.giveUp(delivery, nowMs);
    this.#sql.exec(
      "UPDATE deliveries SET body = ?, url = ?, endpoint_id = ? WHERE position = ?",
      erased.body,
      erased.url,
      erased.endpoint_id,
      position,
    );
    if (isOwn) this.#endpoints.forgetIdleOrigin(endpoint_id);
    return true;
  }

  #isErased(transactionId: string): boolean {
    const found = this.#sql.exec(
      "SELECT 1 FROM erased_transactions WHERE transaction_id = ?",
      transactionId,
    );
    return found.toArray().length > 0;
  }

  #reread(): void {
    const { next } = this.#sql
      .exec<{ next: number | null }>("SELECT min(until_ms) AS next FROM erased_transactions")
      .one();
    this.#nextAtMs = next ?? undefined;
  }
}

/** The body of a delivery without the customer's data. One of the first release can be empty. */
function eraseBody({ body, event_type }: Stored): string {
  if (body === "") return body;
  const { data, ...head } = JSON.parse(body) as { data: Transaction | Refund }; // Our own text.
  if (event_type.startsWith("refund.")) {
    return JSON.stringify({ ...head, data: eraseRefund(data as Refund) }); // By its type.
  }
  const transaction = data as Transaction; // By its type.
  return JSON.stringify({ ...head, data: eraseTransaction(transaction) });
}
