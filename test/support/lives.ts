/** Transactions from their creation to their end, as the events of each. */
import {
  decideCancel,
  decideOutcome,
  decideProcess,
} from "../../src/domain/transaction/decisions/decide-charge";
import { decideReview } from "../../src/domain/transaction/decisions/decide-review";
import type { Event, EventRecord } from "../../src/domain/transaction/event";
import type { CreateRequest } from "../../src/domain/transaction/idempotency";
import type { Failure, Transaction } from "../../src/domain/transaction/transaction";
import { created, DECLINED, held, MERCHANT, NOW_MS } from "./examples";

export const ENDS = [
  "pending",
  "processing",
  "completed",
  "declined",
  "cancelled",
  "blocked",
] as const;
export type End = (typeof ENDS)[number];

/** The events of a transaction that was not held. */
export function life(
  key: string,
  end: End,
  fields: Partial<CreateRequest> = {},
  failure: Failure = DECLINED,
): Event[] {
  const amount = end === "blocked" ? { amount_minor: 2_000_000 } : {};
  const { transaction, events } = created({ ...fields, ...amount }, NOW_MS, key);
  if (end === "pending" || end === "blocked") return events;
  return [...events, ...after(transaction, end, failure)];
}

/** The events of a transaction that was held, and then came out of review, or not. */
export function heldLife(
  key: string,
  word: "approve" | "reject" | "cancel" | undefined,
  end?: End,
): Event[] {
  const { transaction, events } = held({}, key);
  if (!word) return events;
  const request = { reviewer: null, note: null };
  const decided =
    word === "cancel"
      ? decideCancel(transaction, NOW_MS)
      : decideReview(transaction, { decision: word, ...request }, NOW_MS);
  if (!decided.ok || !decided.value) throw new Error("not decided");
  const { value } = decided;
  return [...events, ...value.events, ...(end ? after(value.transaction, end, DECLINED) : [])];
}

/** What happens to a pending transaction until its end. */
function after(transaction: Transaction, end: End, failure: Failure): Event[] {
  if (end === "cancelled") {
    const cancelled = decideCancel(transaction, NOW_MS);
    return (cancelled.ok && cancelled.value?.events) || [];
  }
  const claimed = decideProcess(transaction, "live", NOW_MS);
  if (!claimed.ok || claimed.value.step !== "claim") throw new Error("not claimed");
  const { change } = claimed.value;
  if (end === "processing") return change.events;
  const result =
    end === "completed" ? ({ kind: "settled" } as const) : ({ kind: "declined", failure } as const);
  const outcome = decideOutcome(change.transaction, result, NOW_MS);
  return [...change.events, ...((outcome.ok && outcome.value?.events) || [])];
}

/** An event as a shard stores it. */
export function toRecord(event: Event, merchantId = MERCHANT): EventRecord {
  const { transaction_id, sequence, type, data, created_at } = event;
  return {
    position: 1,
    merchant_id: merchantId,
    transaction_id,
    sequence,
    type,
    created_at_ms: Date.parse(created_at),
    data: JSON.stringify(data),
    traceparent: null,
    first_position: 1,
    refund: null,
  };
}
