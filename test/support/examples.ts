/** Ordinary payments for the domain's tests: requests, signals, rules, and what they become. */

import { deriveTransactionId } from "../../src/domain/identity/id";
import {
  type DefaultRules,
  defaultRuleSet,
} from "../../src/domain/risk/default-rules/default-rules";
import type { Signals, VersionedRuleSet } from "../../src/domain/risk/rule-set";
import { decideCancel, decideProcess } from "../../src/domain/transaction/decisions/decide-charge";
import { decideCreate, type RiskBasis } from "../../src/domain/transaction/decisions/decide-create";
import { decideOutcome } from "../../src/domain/transaction/decisions/decide-outcome";
import { decideReview } from "../../src/domain/transaction/decisions/decide-review";
import type { Change, Step } from "../../src/domain/transaction/decisions/transition";
import { type Event, type EventType, toEvent } from "../../src/domain/transaction/event";
import type { CreateRequest } from "../../src/domain/transaction/idempotency";
import type { ProcessorMode, ProcessorTerms } from "../../src/domain/transaction/livemode";
import type { OperationResult } from "../../src/domain/transaction/operation";
import type { Status } from "../../src/domain/transaction/status";
import type { Failure, Transaction } from "../../src/domain/transaction/transaction";

/** A request, as a W3C `traceparent`. */
export const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
export const MERCHANT = "mer_shop";
export const NOW_MS = Date.parse("2026-11-22T21:00:00.000Z");
export const DECLINED: Failure = { code: "card_declined", message: "No." };

/** The default settings: 5,000.00 dollars, ten payments a day, blocked at 70. */
export const SETTINGS: DefaultRules = {
  threshold_thousandths: 5_000_000,
  max_daily_transactions: 10,
  review_score: 101,
  block_score: 70,
  unlisted_currency: "review",
};

export const RULES = defaultRuleSet(SETTINGS);
/** Everything is held that scores a point. */
export const HOLDING = defaultRuleSet({ ...SETTINGS, review_score: 1 });

export function requestOf(fields: Partial<CreateRequest> = {}): CreateRequest {
  return {
    user_id: "user_1",
    amount_minor: 10_050,
    currency: "USD",
    description: "Books",
    metadata: { order: "1001", shelf: "b" },
    webhook_url: "https://shop.example/hook",
    ...fields,
  };
}

/** Signals of a customer's `count`-th payment of the day. */
export function signalsOf(count = 1): Signals {
  return { "customer.count.24h": count };
}

export function basisOf(count = 1, rules: VersionedRuleSet = RULES): RiskBasis {
  return { signals: signalsOf(count), rules };
}

/** A value that refuses to be changed anywhere: decisions must not write to what they are given. */
export function frozen<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) frozen(member);
    Object.freeze(value);
  }
  return value;
}

export function created(
  fields: Partial<CreateRequest> = {},
  nowMs = NOW_MS,
  idempotencyKey = "order-1001",
  basis = basisOf(),
): Change {
  const request = requestOf(fields);
  const transactionId = deriveTransactionId(MERCHANT, idempotencyKey);
  const making = {
    transaction_id: transactionId,
    idempotency_key: idempotencyKey,
    livemode: true,
    processor: "http" as const,
    request,
  };
  return decideCreate(making, basis, nowMs);
}

/** The value of a decision that must have been taken. */
export function taken<Value>(
  result: { ok: true; value: Value } | { ok: false; refusal: { code: string } },
): Value {
  if (!result.ok) throw new Error(`refused: ${result.refusal.code}`);
  return result.value;
}

/** A week. */
export const CAPTURE_WINDOW_MS = 604_800_000;

const NAMES = { none: "none", sandbox: "sandbox", test: "stripe", live: "http" } as const;

/** A processor that has every operation. */
export const processorOf = (mode: ProcessorMode): ProcessorTerms => ({
  mode,
  name: NAMES[mode],
  supports: () => true,
  capture_window_ms: CAPTURE_WINDOW_MS,
  action_window_ms: 3_600_000,
  refusedAmount: () => undefined,
  refusedDetails: () => undefined,
});
export const LIVE = processorOf("live");

/** What a step changes. */
export function stepChange(step: Step): Change {
  if (!("change" in step)) throw new Error(`nothing changed: ${step.step}`);
  return step.change;
}

function claimed(transaction: Transaction): Transaction {
  return stepChange(taken(decideProcess(transaction, LIVE, NOW_MS))).transaction;
}

const cancelledOf = (transaction: Transaction) =>
  stepChange(taken(decideCancel(transaction, LIVE, NOW_MS))).transaction;

function changed(change: Change | null): Transaction {
  if (!change) throw new Error("nothing changed");
  return change.transaction;
}

/** A payment that was held. */
export function held(fields: Partial<CreateRequest> = {}, idempotencyKey = "order-1001"): Change {
  const request = { amount_minor: 500_001, ...fields };
  return created(request, NOW_MS, idempotencyKey, basisOf(1, HOLDING));
}

function reviewed(decision: "approve" | "reject"): Transaction {
  const request = { decision, reviewer: "ann", note: "Known." };
  return changed(taken(decideReview(held().transaction, request, NOW_MS)));
}

const pending = created().transaction;
const processing = claimed(pending);
const ended = (result: OperationResult) =>
  taken(decideOutcome(processing, result, LIVE, NOW_MS)).transaction;

/** One transaction for each way a transaction can be. There are three ways to have failed, two to be
 *  pending and two to be cancelled. */
export const EXAMPLES = frozen({
  pending,
  processing,
  completed: ended({ kind: "done" }),
  declined: ended({ kind: "declined", failure: DECLINED }),
  blocked: created({ amount_minor: 1_000_001 }).transaction,
  cancelled: cancelledOf(pending),
  held: held().transaction,
  approved: reviewed("approve"),
  rejected: reviewed("reject"),
  abandoned: cancelledOf(held().transaction),
} satisfies Record<string, Transaction>);

export type Example = keyof typeof EXAMPLES;
export const EXAMPLE_NAMES = Object.keys(EXAMPLES) as Example[]; // The record's own keys.

const TYPE_OF: Record<Status, EventType> = {
  pending: "transaction.created",
  review: "transaction.review_opened",
  processing: "transaction.processing",
  requires_action: "transaction.requires_action",
  authorized: "transaction.authorized",
  completed: "transaction.completed",
  failed: "transaction.failed",
  cancelled: "transaction.cancelled",
};

/** The event that led a transaction to what it is, where it has no captures, voids or refunds. */
export function lastEvent(transaction: Transaction): Event {
  const { status, review } = transaction;
  const isApproved = status === "pending" && review !== null;
  return toEvent(transaction, isApproved ? "transaction.review_approved" : TYPE_OF[status]);
}
