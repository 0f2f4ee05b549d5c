/** Events of payments in the large book. */
import type { EventRecord } from "../../src/domain/transaction/event";
import { idOf, MERCHANT, time } from "./large-book";

/** The second event of a payment. */
export const EVENT: EventRecord = {
  position: 1,
  merchant_id: MERCHANT,
  transaction_id: idOf(7),
  sequence: 2,
  type: "refund.succeeded",
  created_at_ms: 1,
  data: JSON.stringify({
    idempotency_key: "key-7",
    user_id: "loyal",
    created_at: time(7),
    updated_at: time(7),
    status: "completed",
    fraud_score: 0,
    currency: "USD",
    amount_minor: 100,
    risk: { decision: "approve" },
  }),
  traceparent: null,
  first_position: 1,
  refund: JSON.stringify({
    id: "re_00000000000000000000000007",
    transaction_id: "txn_0",
    status: "succeeded",
    amount_minor: 1,
    currency: "USD",
    failure: null,
    created_at: time(7),
  }),
};

/** The erasure of a transaction with many refunds. */
export const ERASED: EventRecord = {
  ...EVENT,
  transaction_id: "txn_0",
  sequence: 9,
  type: "transaction.erased",
  refund: null,
};
