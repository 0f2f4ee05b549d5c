/** The transaction and every decision about it. Each function takes the transaction, what is asked and
 *  the time, and returns everything that changes, or a refusal. No clock, no store, no network. */
import { currencyDecimals } from "./currency";
import { type Event, eventOf } from "./event";
import { type Assessment, assess, type FraudRules, type Risk } from "./fraud";
import { deriveTransactionId } from "./id";
import { type CreateRequest, differingFields } from "./idempotency";
import { formatAmount } from "./money";
import { accept, type Result, refuse } from "./result";
import { type Action, nextStatus, type Status } from "./status";
import type { Signals } from "./velocity";

/** Failed without ever reaching the processor. A processor cannot answer with this code. */
export const RISK_BLOCKED = "risk_blocked";

/** Why a transaction failed: `risk_blocked`, or the processor's decline code. */
export type Failure = { code: string; message: string };

/** A transaction, in the form in which it is stored, answered and announced. Times are RFC 3339 UTC. */
export type Transaction = {
  id: string;
  idempotency_key: string;
  user_id: string;
  /** Major units, for people. Computed from `amount_minor` and never read back. */
  amount: number;
  amount_minor: number;
  currency: string;
  status: Status;
  fraud_score: number;
  risk: Risk;
  failure: Failure | null;
  description: string | null;
  metadata: Record<string, string>;
  webhook_url: string | null;
  /** Counts the changes; equals the sequence of the last event. */
  version: number;
  created_at: string;
  updated_at: string;
};

/** Everything that one decision changes: the transaction as it is now and what happened on the way. */
export type Change = { transaction: Transaction; events: Event[] };

/** What a processor has said for certain about a charge. */
export type ChargeResult = { kind: "settled" } | { kind: "declined"; failure: Failure };

export type CreateCommand = {
  merchant_id: string;
  idempotency_key: string;
  request: CreateRequest;
};

/** A new transaction, approved and `pending` or blocked and `failed`. */
export function decideCreate(
  command: CreateCommand,
  signals: Signals,
  rules: FraudRules,
  nowMs: number,
): Change {
  const { request } = command;
  const pending = newTransaction(command, assess(request, signals, rules), nowMs);
  const created: Change = { transaction: pending, events: [eventOf(pending)] };
  if (pending.risk.decision === "approve") return created;

  const failure = { code: RISK_BLOCKED, message: "The fraud rules blocked this payment" };
  const blocked = moved(pending, "block", nowMs, failure);
  return { transaction: blocked, events: [...created.events, eventOf(blocked)] };
}

/** A create under a key that has a transaction already: the same request, or a refusal naming the fields. */
export function decideRepeatedCreate(existing: Transaction, request: CreateRequest): Result<null> {
  const fields = differingFields(existing, request);
  return fields.length === 0 ? accept(null) : refuse({ code: "idempotency_key_reused", fields });
}

/** The version with which a transaction's create was answered: blocking is part of creating. */
export function createAnswerVersion({ failure, version }: Transaction): number {
  return failure?.code === RISK_BLOCKED ? version : 1;
}

/** What `process` means for a transaction: claim the charge, wait for the one under way, or just answer. */
export function decideProcess(
  transaction: Transaction,
  nowMs: number,
): Result<{ step: "claim"; change: Change } | { step: "await" } | { step: "answer" }> {
  const { status } = transaction;
  if (status === "processing") return accept({ step: "await" });
  if (wasCharged(transaction)) return accept({ step: "answer" });
  const claimed = decideMove(transaction, "submit", nowMs);
  return claimed.ok ? accept({ step: "claim", change: claimed.value }) : claimed;
}

/** Cancels a pending transaction; cancelling a cancelled one changes nothing. */
export function decideCancel(transaction: Transaction, nowMs: number): Result<Change | null> {
  if (transaction.status === "cancelled") return accept(null);
  return decideMove(transaction, "cancel", nowMs);
}

/** Records the processor's word. A word about a transaction that has its outcome changes nothing. */
export function decideOutcome(
  transaction: Transaction,
  result: ChargeResult,
  nowMs: number,
): Result<Change | null> {
  if (wasCharged(transaction)) return accept(null);
  return result.kind === "settled"
    ? decideMove(transaction, "settle", nowMs)
    : decideMove(transaction, "decline", nowMs, result.failure);
}

/** Whether the processor has given its final word on this transaction. */
function wasCharged({ status, failure }: Transaction): boolean {
  return status === "completed" || (status === "failed" && failure?.code !== RISK_BLOCKED);
}

function decideMove(
  transaction: Transaction,
  action: Action,
  nowMs: number,
  failure: Failure | null = null,
): Result<Change> {
  const { status } = transaction;
  if (!nextStatus(status, action)) return refuse({ code: "illegal_transition", status, action });
  const next = moved(transaction, action, nowMs, failure);
  return accept({ transaction: next, events: [eventOf(next)] });
}

function moved(
  transaction: Transaction,
  action: Action,
  nowMs: number,
  failure: Failure | null,
): Transaction {
  const status = nextStatus(transaction.status, action);
  if (!status) throw new Error(`no move ${action} from ${transaction.status}`);
  const updatedAt = laterOf(transaction.updated_at, new Date(nowMs).toISOString());
  const version = transaction.version + 1;
  return { ...transaction, status, failure, version, updated_at: updatedAt };
}

/** A clock that steps back must not make an event older than the one before it. */
function laterOf(a: string, b: string): string {
  return a > b ? a : b;
}

function newTransaction(
  { merchant_id, idempotency_key, request }: CreateCommand,
  { fraud_score, risk }: Assessment,
  nowMs: number,
): Transaction {
  const { amount_minor, currency } = request;
  const now = new Date(nowMs).toISOString();
  return {
    id: deriveTransactionId(merchant_id, idempotency_key),
    idempotency_key,
    user_id: request.user_id,
    amount: Number(formatAmount(amount_minor, currencyDecimals(currency) ?? 0)),
    amount_minor,
    currency,
    status: "pending",
    fraud_score,
    risk,
    failure: null,
    description: request.description,
    metadata: request.metadata,
    webhook_url: request.webhook_url,
    version: 1,
    created_at: now,
    updated_at: now,
  };
}
