/** What an erasure leaves of a payment: amounts, states, times and ids. What names the customer, or is free text about the
 *  payment, is replaced in every version of it. docs/erasure.md lists the fields. */

import { type Change, timeOfChange } from "../transaction/decisions/transition";
import { type EventRecord, toEvent } from "../transaction/event";
import type { Refund } from "../transaction/refund";
import type { Transaction } from "../transaction/transaction";

/** Stands in the place of the customer's id. */
const ERASED_USER_ID = "erased";

/** The customer of a merchant whose data is to be erased: of payments that were created up to a time. */
export type ErasedCustomer = { merchant_id: string; user_id: string; through_ms: number };

/** The texts of an event, in any form in which it is stored. */
type EventTexts = Pick<EventRecord, "data" | "refund">;

/** The transaction without the customer's data. The members keep their order. */
export function eraseTransaction(transaction: Transaction): Transaction {
  const { review } = transaction;
  return {
    ...transaction,
    user_id: ERASED_USER_ID,
    ...(review && { review: { ...review, note: null } }),
    description: null,
    metadata: {},
    webhook_url: null,
  };
}

/** The refund without its texts. */
export function eraseRefund(refund: Refund): Refund {
  return { ...refund, reason: null, metadata: {} };
}

/** The texts of an event without the customer's data; the same texts when they have none. */
export function eraseTexts({ data, refund }: EventTexts): EventTexts {
  return {
    data: JSON.stringify(eraseTransaction(JSON.parse(data) as Transaction)), // Our own texts.
    refund: refund === null ? null : JSON.stringify(eraseRefund(JSON.parse(refund) as Refund)),
  };
}

/** Whether the text of a transaction is one of the customer's. One that was erased is no customer's: a customer can have the name that
 *  those get. */
export function isOfCustomer(
  data: string,
  { user_id, through_ms }: Omit<ErasedCustomer, "merchant_id">,
): boolean {
  const transaction = JSON.parse(data) as Transaction; // Our own text.
  const isOwn = transaction.user_id === user_id && transaction.erased_at === undefined;
  return isOwn && Date.parse(transaction.created_at) <= through_ms;
}

/** Records that the customer's data was erased. */
export function decideErasure(transaction: Transaction, nowMs: number): Change {
  const updated_at = timeOfChange(transaction, nowMs);
  const version = transaction.version + 1;
  const erased: Transaction = {
    ...eraseTransaction(transaction),
    version,
    updated_at,
    erased_at: updated_at,
  };
  return { transaction: erased, events: [toEvent(erased, "transaction.erased")] };
}
