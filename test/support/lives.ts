/** Transactions from their creation to their end, as the events of each. */

import { deriveRefundId, eventId } from "../../src/domain/identity/id";
import type { PendingOperation } from "../../src/domain/transaction/capture";
import { decideCancel, decideProcess } from "../../src/domain/transaction/decisions/decide-charge";
import { decideOutcome } from "../../src/domain/transaction/decisions/decide-outcome";
import { decideReview } from "../../src/domain/transaction/decisions/decide-review";
import type { Dispute } from "../../src/domain/transaction/dispute";
import type { Event, EventRecord, EventType } from "../../src/domain/transaction/event";
import type { CreateRequest } from "../../src/domain/transaction/idempotency";
import type { Refund, RefundStatus } from "../../src/domain/transaction/refund";
import type { Failure, Transaction } from "../../src/domain/transaction/transaction";
import { created, DECLINED, held, LIVE, MERCHANT, NOW_MS, stepChange, taken } from "./examples";

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
  const value =
    word === "cancel"
      ? stepChange(taken(decideCancel(transaction, LIVE, NOW_MS)))
      : taken(decideReview(transaction, { decision: word, ...request }, NOW_MS));
  if (!value) throw new Error("not decided");
  return [...events, ...value.events, ...(end ? after(value.transaction, end, DECLINED) : [])];
}

/** What happens to a pending transaction until its end. */
function after(transaction: Transaction, end: End, failure: Failure): Event[] {
  if (end === "cancelled") {
    return stepChange(taken(decideCancel(transaction, LIVE, NOW_MS))).events;
  }
  const change = stepChange(taken(decideProcess(transaction, LIVE, NOW_MS)));
  if (end === "processing") return change.events;
  const result =
    end === "completed" ? ({ kind: "done" } as const) : ({ kind: "declined", failure } as const);
  const outcome = taken(decideOutcome(change.transaction, result, LIVE, NOW_MS));
  return [...change.events, ...outcome.events];
}

type Step = [type: EventType, changes: Partial<Transaction>, refund?: Refund];

/** A life goes on by these steps. Each ends the operation that was claimed by the one before. */
function goOn(events: Event[], steps: Step[]): Event[] {
  const all = [...events];
  for (const [type, changes, refund] of steps) {
    const { transaction_id, data: last } = all.at(-1) as Event; // A life has an event.
    const { pending_operation: _, ...before } = last;
    const sequence = before.version + 1;
    const created_at = new Date(NOW_MS + sequence).toISOString();
    const data = { ...before, ...changes, version: sequence, updated_at: created_at };
    const id = eventId(transaction_id, sequence);
    all.push({ id, type, sequence, transaction_id, created_at, data, ...(refund && { refund }) });
  }
  return all;
}

export const HOLDS = [
  "authorized",
  "capturing",
  "captured",
  "captured at the second attempt",
  "captured after a void failed",
  "voiding",
  "voided",
  "expired",
  "expired without a void",
] as const;
export type Hold = (typeof HOLDS)[number];

/** The events of a transaction that was authorized, and what became of the authorization. */
export function holdLife(
  key: string,
  hold: Hold,
  fields: Partial<CreateRequest> = {},
  capturedMinor = fields.amount_minor ?? 10_050,
): Event[] {
  const { transaction } = created(fields, NOW_MS, key);
  const { amount_minor } = transaction;
  const none = { amount_capturable_minor: 0, amount_captured_minor: 0, amount_refunded_minor: 0 };
  const manual: Transaction = { ...transaction, capture_method: "manual", ...none };
  const first: Event = { ...(life(key, "pending", fields)[0] as Event), data: manual };
  const claimed: Step = ["transaction.processing", { status: "processing", failure: null }];
  const claim = (pending_operation: PendingOperation): Step => [
    claimed[0],
    { ...claimed[1], pending_operation },
  ];
  const capture = claim({ type: "capture", amount_minor: capturedMinor });
  const expiry = claim({ type: "void", reason: "capture_expired" });
  const requested = claim({ type: "void", reason: "requested" });
  const captured: Step = [
    "transaction.captured",
    { status: "completed", amount_capturable_minor: 0, amount_captured_minor: capturedMinor },
  ];
  const cancelled = { status: "cancelled", amount_capturable_minor: 0 } as const;
  const expired = { ...cancelled, cancellation_reason: "capture_expired" } as const;
  const steps: Record<Hold, Step[]> = {
    authorized: [],
    capturing: [capture],
    captured: [capture, captured],
    "captured at the second attempt": [
      capture,
      ["transaction.capture_failed", { status: "authorized", failure: DECLINED }],
      capture,
      captured,
    ],
    "captured after a void failed": [
      requested,
      ["transaction.void_failed", { status: "authorized", failure: DECLINED }],
      capture,
      captured,
    ],
    voiding: [requested],
    voided: [requested, ["transaction.voided", { ...cancelled, cancellation_reason: "requested" }]],
    expired: [expiry, ["transaction.capture_expired", expired]],
    "expired without a void": [
      expiry,
      ["transaction.capture_expired", { ...expired, failure: DECLINED }],
    ],
  };
  const capture_before = "2026-11-29T21:00:00.000Z";
  const authorized = { status: "authorized", amount_capturable_minor: amount_minor } as const;
  return goOn(
    [first],
    [claimed, ["transaction.authorized", { ...authorized, capture_before }], ...steps[hold]],
  );
}

/** Goes on with refunds of a completed payment: all are created, and then ended in reverse. */
export function refunded(events: Event[], refunds: [amount: number, end: RefundStatus][]): Event[] {
  const { transaction_id, data } = events.at(-1) as Event; // A life has an event.
  const opened = refunds.map(([amount_minor], at): Refund => {
    const now = new Date(NOW_MS + 1_000 + at).toISOString();
    const key = `refund-${at}`;
    return {
      id: deriveRefundId(transaction_id, key),
      transaction_id,
      idempotency_key: key,
      amount: amount_minor / 100,
      amount_minor,
      currency: data.currency,
      status: "pending",
      reason: null,
      metadata: { note: `"\u2028 ${at}` },
      livemode: true,
      failure: null,
      created_at: now,
      updated_at: now,
    };
  });
  let sum = 0;
  const ends = [...refunds.entries()].reverse().flatMap(([at, [amount, status]]): Step[] => {
    if (status === "pending") return [];
    if (status === "succeeded") sum += amount;
    const failure = status === "failed" ? DECLINED : null;
    const refund = { ...(opened[at] as Refund), status, failure }; // One for each.
    return [[`refund.${status}`, { amount_refunded_minor: sum }, refund]];
  });
  const creations = opened.map((refund): Step => ["refund.created", {}, refund]);
  return goOn(events, [...creations, ...ends]);
}

/** Goes on with the failure of the last refund, which had succeeded. */
export function reversed(events: Event[]): Event[] {
  const { refund } = events.at(-1) as Event; // Of a life that ends with a refund.
  if (!refund) throw new Error("no refund");
  const reversed_at = new Date(NOW_MS + 2_000).toISOString();
  const failed: Refund = { ...refund, status: "failed", failure: DECLINED, reversed_at };
  return goOn(events, [["refund.failed", { amount_refunded_minor: 0 }, failed]]);
}

/** Goes on with disputes one after the other, which the merchant loses. */
export function disputed(
  events: Event[],
  disputes: Pick<Dispute, "amount_minor" | "currency">[],
): Event[] {
  const opened_at = new Date(NOW_MS + 3_000).toISOString();
  const about = { reason: "fraudulent", evidence_due_by: null, opened_at };
  const steps = disputes.flatMap((amount, at): Step[] => {
    const dispute: Dispute = { id: `dp_${at}`, status: "open", ...about, ...amount };
    return [
      ["dispute.opened", { dispute }],
      ["dispute.closed", { dispute: { ...dispute, status: "lost" } }],
    ];
  });
  return goOn(events, steps);
}

/** An event as a shard stores it. */
export function toRecord(event: Event, merchantId = MERCHANT): EventRecord {
  const { transaction_id, sequence, type, data, created_at, refund } = event;
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
    refund: refund ? JSON.stringify(refund) : null,
  };
}
