/** Requests to a processor. */
import type { ChargeAnswer, ChargeRequest } from "../../src/processor/processor";
import { TRACEPARENT } from "./examples";

export const LONG_MS = 10_000;
export function requestOf(fields: Partial<ChargeRequest> = {}): ChargeRequest {
  return {
    idempotency_key: "txn_abcdefghijklmnopqrstuvwxyz",
    amount_minor: 10_050,
    currency: "USD",
    user_id: "user_1",
    metadata: { order: "1001" },
    livemode: undefined,
    attempt: 1,
    traceparent: TRACEPARENT,
    ...fields,
  };
}

export const SETTLED: ChargeAnswer = { kind: "settled" };
