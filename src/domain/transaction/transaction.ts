/** The transaction and every decision about it. Each function takes the transaction, what is asked and
 *  the time, and returns everything that changes, or a refusal. No clock, no store, no network. */
import { currencyDecimals } from "../money/currency";
import { formatAmount } from "../money/money";
import { type Assessment, type Decision, evaluate, type Risk } from "../risk/evaluate";
import type { Signals, VersionedRuleSet } from "../risk/rule-set";
import { type Event, eventOf } from "./event";
import { type CreateRequest, differingFields } from "./idempotency";
import { livemodeOf, type ProcessorMode, refusedCharge } from "./livemode";
import type { Resolution } from "./resolution";
import { accept, type Result, refuse } from "./result";
import { closedReview, openReview, type Review } from "./review";
import { type Action, nextStatus, type Status } from "./status";

/** Failed without ever reaching the processor. */
export const RISK_BLOCKED = "risk_blocked";
export const REVIEW_REJECTED = "review_rejected";
const UNCHARGED_CODES: readonly string[] = [RISK_BLOCKED, REVIEW_REJECTED];
/** An operator recorded that the charge was declined. */
export const DECLINED_BY_OPERATOR = "declined_by_operator";
/** Codes of our own, which a processor cannot answer with. */
export const RESERVED_FAILURE_CODES: readonly string[] = [...UNCHARGED_CODES, DECLINED_BY_OPERATOR];

/** Why a transaction failed: one of our own codes, or the processor's decline code. */
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
  /** Whether money moves: false for the sandbox. Transactions of before it was recorded have none until they
   *  are charged. */
  livemode?: boolean;
  fraud_score: number;
  risk: Risk;
  failure: Failure | null;
  /** Null when it never was in review. */
  review: Review | null;
  description: string | null;
  metadata: Record<string, string>;
  webhook_url: string | null;
  /** Counts the changes; equals the sequence of the last event. */
  version: number;
  created_at: string;
  updated_at: string;
  /** Only there when an operator ended the charge by hand. */
  resolution?: Resolution;
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

/** What a transaction is made of. The id is the one derived from the merchant and the key. */
type Making = { transaction_id: string; livemode: boolean } & Omit<CreateCommand, "merchant_id">;

/** What fraud rules go by: the payment's surroundings, and the rules. */
export type RiskBasis = { signals: Signals; rules: VersionedRuleSet };

/** A new transaction: approved and `pending`, held for `review`, or blocked and `failed`. */
export function decideCreate(
  command: Making,
  { signals, rules }: RiskBasis,
  nowMs: number,
): Change {
  const pending = newTransaction(command, evaluate(command.request, signals, rules), nowMs);
  const created: Change = { transaction: pending, events: [eventOf(pending)] };
  if (pending.risk.decision === "approve") return created;

  const next =
    pending.risk.decision === "review"
      ? moved(pending, "hold", nowMs, { review: openReview(rules.rule_set, nowMs) })
      : moved(pending, "block", nowMs, { failure: BLOCKED });
  return { transaction: next, events: [...created.events, eventOf(next)] };
}

const BLOCKED: Failure = { code: RISK_BLOCKED, message: "The fraud rules blocked this payment" };

/** A create under a key that has a transaction already: the same request, or a refusal naming the fields. */
export function decideRepeatedCreate(existing: Transaction, request: CreateRequest): Result<null> {
  const fields = differingFields(existing, request);
  return fields.length === 0 ? accept(null) : refuse({ code: "idempotency_key_reused", fields });
}

/** How a transaction's create was answered: blocking and holding are part of creating. */
export function createAnswer({ risk }: Transaction): { version: number; status: Status } {
  return CREATE_ANSWERS[risk.decision];
}

const CREATE_ANSWERS: Record<Decision, { version: number; status: Status }> = {
  approve: { version: 1, status: "pending" },
  review: { version: 2, status: "review" },
  block: { version: 2, status: "failed" },
};

/** What `process` means for a transaction: claim the charge, wait for the one under way, or just answer. Nothing
 *  is claimed that the deployment's processor could not charge. */
export function decideProcess(
  transaction: Transaction,
  mode: ProcessorMode,
  nowMs: number,
): Result<{ step: "claim"; change: Change } | { step: "await" } | { step: "answer" }> {
  const { status, livemode = livemodeOf(mode) } = transaction;
  if (wasCharged(transaction)) return accept({ step: "answer" });
  const refused = refusedCharge(transaction.livemode, mode);
  if (status === "processing") return refused ? refuse(refused) : accept({ step: "await" });
  const claimed = decideMove(transaction, "submit", nowMs, { livemode });
  if (claimed.ok && refused) return refuse(refused);
  return claimed.ok ? accept({ step: "claim", change: claimed.value }) : claimed;
}

/** Cancels a pending transaction; cancelling a cancelled one changes nothing. */
export function decideCancel(transaction: Transaction, nowMs: number): Result<Change | null> {
  const { status, review } = transaction;
  if (status === "cancelled") return accept(null);
  if (status !== "review" || !review) return decideMove(transaction, "cancel", nowMs);
  const closed = closedReview(review, "cancelled", timeOfChange(transaction, nowMs));
  return decideMove(transaction, "cancel", nowMs, { review: closed });
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
    : decideMove(transaction, "decline", nowMs, { failure: result.failure });
}

/** Whether a processor's word is another than the outcome that is recorded already. */
export function contradictsOutcome(transaction: Transaction, result: ChargeResult): boolean {
  if (!wasCharged(transaction)) return false;
  return (transaction.status === "completed") !== (result.kind === "settled");
}

/** Whether this transaction's charge has its outcome. */
function wasCharged({ status, failure }: Transaction): boolean {
  return (
    status === "completed" ||
    (status === "failed" && !UNCHARGED_CODES.includes(failure?.code ?? ""))
  );
}

/** What a move changes beside the status. */
type Changed = Partial<Pick<Transaction, "failure" | "review" | "livemode" | "resolution">>;

/** Makes a move, or refuses it when the table has none such. */
export function decideMove(
  transaction: Transaction,
  action: Action,
  nowMs: number,
  changed: Changed = {},
): Result<Change> {
  const { status } = transaction;
  if (!nextStatus(status, action)) return refuse({ code: "illegal_transition", status, action });
  const next = moved(transaction, action, nowMs, changed);
  return accept({ transaction: next, events: [eventOf(next)] });
}

function moved(
  transaction: Transaction,
  action: Action,
  nowMs: number,
  changed: Changed,
): Transaction {
  const status = nextStatus(transaction.status, action);
  if (!status) throw new Error(`no move ${action} from ${transaction.status}`);
  const updatedAt = timeOfChange(transaction, nowMs);
  const version = transaction.version + 1;
  return { ...transaction, status, ...changed, version, updated_at: updatedAt };
}

/** When a change happens. A clock that steps back must not make it older than the change before it. */
export function timeOfChange({ updated_at }: Transaction, nowMs: number): string {
  const now = new Date(nowMs).toISOString();
  return updated_at > now ? updated_at : now;
}

function newTransaction(
  { transaction_id, idempotency_key, livemode, request }: Making,
  { fraud_score, risk }: Assessment,
  nowMs: number,
): Transaction {
  const { amount_minor, currency } = request;
  const now = new Date(nowMs).toISOString();
  return {
    id: transaction_id,
    idempotency_key,
    user_id: request.user_id,
    amount: Number(formatAmount(amount_minor, currencyDecimals(currency))),
    amount_minor,
    currency,
    status: "pending",
    livemode,
    fraud_score,
    risk,
    failure: null,
    review: null,
    description: request.description,
    metadata: request.metadata,
    webhook_url: request.webhook_url,
    version: 1,
    created_at: now,
    updated_at: now,
  };
}
