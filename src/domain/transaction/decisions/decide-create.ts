/** Decides a create: a new transaction, or the response to the first create under the same key. */
import { currencyDecimals } from "../../money/currency";
import { formatAmount } from "../../money/money";
import { type Assessment, type Decision, evaluate } from "../../risk/evaluate";
import type { Signals, VersionedRuleSet } from "../../risk/rule-set";
import { formatTime } from "../../time/format-time";
import { toEvent } from "../event";
import { type CreateRequest, captureMethod, differingFields } from "../idempotency";
import type { PaymentDetails, ProcessorName } from "../payment-details";
import { openReview } from "../review";
import type { Status } from "../status";
import { type Failure, RISK_BLOCKED, type Transaction } from "../transaction";
import { accept, type Result, refuse } from "./result";
import { type Change, decideMove } from "./transition";

export type CreateCommand = {
  merchant_id: string;
  idempotency_key: string;
  request: CreateRequest;
};

/** What a transaction is made of. The id is the one derived from the merchant and the key. */
type NewTransaction = Omit<CreateCommand, "merchant_id"> & {
  transaction_id: string;
  livemode: boolean;
  processor?: ProcessorName;
};

/** What fraud rules go by: the payment's surroundings, and the rules. */
export type RiskBasis = { signals: Signals; rules: VersionedRuleSet };

/** A new transaction: approved and `pending`, held for `review`, or blocked and `failed`. */
export function decideCreate(
  command: NewTransaction,
  { signals, rules }: RiskBasis,
  nowMs: number,
): Change {
  const pending = newTransaction(command, evaluate(command.request, signals, rules), nowMs);
  const created: Change = {
    transaction: pending,
    events: [toEvent(pending, "transaction.created")],
  };
  if (pending.risk.decision === "approve") return created;

  const next =
    pending.risk.decision === "review"
      ? decideMove(pending, "hold", nowMs, { review: openReview(rules.rule_set, nowMs) })
      : decideMove(pending, "block", nowMs, { failure: BLOCKED });
  if (!next.ok) throw new Error("a pending transaction cannot be held or blocked");
  return { ...next.value, events: [...created.events, ...next.value.events] };
}

const BLOCKED: Failure = { code: RISK_BLOCKED, message: "The fraud rules blocked this payment" };

/** A create under a key that has a transaction already: the same request, or a refusal naming the fields.
 *  @param details those of the first request; undefined when it named none */
export function decideRepeatedCreate(
  existing: Transaction,
  request: CreateRequest,
  details?: PaymentDetails,
): Result<null> {
  const fields = differingFields({ ...existing, ...(details && { details }) }, request);
  return fields.length === 0 ? accept(null) : refuse({ code: "idempotency_key_reused", fields });
}

/** How a transaction's create was answered: blocking and holding are part of creating. */
export function createResult({ risk }: Transaction): { version: number; status: Status } {
  return CREATE_ANSWERS[risk.decision];
}

const CREATE_ANSWERS: Record<Decision, { version: number; status: Status }> = {
  approve: { version: 1, status: "pending" },
  review: { version: 2, status: "review" },
  block: { version: 2, status: "failed" },
};

function newTransaction(
  { transaction_id, idempotency_key, livemode, processor, request }: NewTransaction,
  { fraud_score, risk }: Assessment,
  nowMs: number,
): Transaction {
  const { amount_minor, currency } = request;
  const method = captureMethod(request);
  const now = formatTime(nowMs);
  return {
    id: transaction_id,
    idempotency_key,
    user_id: request.user_id,
    amount: Number(formatAmount(amount_minor, currencyDecimals(currency))),
    amount_minor,
    currency,
    status: "pending",
    livemode,
    ...(processor && { processor }),
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
    capture_method: method,
    ...(method === "manual" && { amount_capturable_minor: 0 }),
    amount_captured_minor: 0,
    amount_refunded_minor: 0,
  };
}
