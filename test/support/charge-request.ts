/** Requests to a processor. */
import type { OperationName } from "../../src/domain/transaction/operation";
import type { Answer, OperationRequest } from "../../src/processor/processor";
import { TRACEPARENT } from "./examples";

export const LONG_MS = 10_000;
export function requestOf(fields: Partial<OperationRequest> = {}): OperationRequest {
  return {
    operation: "charge",
    idempotency_key: "txn_abcdefghijklmnopqrstuvwxyz",
    transaction_id: "txn_abcdefghijklmnopqrstuvwxyz",
    amount_minor: 10_050,
    currency: "USD",
    user_id: "user_1",
    metadata: { order: "1001" },
    livemode: undefined,
    attempt: 1,
    claimed_at_ms: Date.parse("2026-10-18T12:00:00Z"),
    traceparent: TRACEPARENT,
    ...fields,
  };
}

export const DONE: Answer = { kind: "done" };
export const OPERATIONS: OperationName[] = ["charge", "authorize", "capture", "void", "refund"];
