/** Decides about a transaction that the processor has not been called for yet: to claim its charge or authorization, or to
 *  cancel it. */
import type { CreateRequest } from "../idempotency";
import {
  type ProcessorTerms,
  refusedFirst,
  refusedOperation,
  toLivemode,
  toProcessor,
} from "../livemode";
import { firstOperation } from "../operation";
import { NO_DETAILS } from "../payment-details";
import type { Refusal } from "../refusal";
import { closedReview } from "../review";
import { type Transaction, UNCHARGED_CODES } from "../transaction";
import { accept, type Result, refuse } from "./result";
import { decideClaim, decideMove, type Step, timeOfChange } from "./transition";

/** What `process` means for a transaction: to charge it, or to authorize it if it is captured later. */
export function decideProcess(
  transaction: Transaction,
  processor: ProcessorTerms,
  nowMs: number,
): Result<Step> {
  const { status, livemode = toLivemode(processor.mode), pending_operation } = transaction;
  if (wasProcessed(transaction) || pending_operation) return accept({ step: "answer" });
  const operation = firstOperation(transaction);
  if (status === "processing" || status === "requires_action") {
    const refused = refusedOperation(operation, transaction, processor);
    return refused ? refuse(refused) : accept({ step: "wait" });
  }
  const refused = refusedFirst(operation, transaction.livemode, processor);
  const changed = { livemode, ...toProcessor(processor) };
  const claimed = decideMove(transaction, "submit", nowMs, changed);
  if (claimed.ok && transaction.erased_at !== undefined) return refuse({ code: "customer_erased" });
  if (claimed.ok && refused) return refuse(refused);
  return claimed.ok ? accept({ step: "claim", change: claimed.value }) : claimed;
}

/** Cancels a transaction that was not charged. One that is authorized, or waits for the customer, is voided at the
 *  processor. Cancelling a cancelled one
 *  changes nothing. */
export function decideCancel(
  transaction: Transaction,
  processor: ProcessorTerms,
  nowMs: number,
): Result<Step> {
  const { status, review, pending_operation } = transaction;
  if (status === "cancelled") return accept({ step: "answer" });
  const isVoided = pending_operation?.type === "void";
  if (status === "authorized" || status === "requires_action" || isVoided) {
    const refused = refusedOperation("void", transaction, processor);
    if (refused) return refuse(refused);
    if (isVoided) return accept({ step: "wait" });
    return decideClaim(transaction, { type: "void", reason: "requested" }, nowMs);
  }
  const changed =
    status === "review" && review
      ? { review: closedReview(review, "cancelled", timeOfChange(transaction, nowMs)) }
      : {};
  const decided = decideMove(transaction, "cancel", nowMs, changed);
  return decided.ok ? accept({ step: "change", change: decided.value }) : decided;
}

/** Why a new payment cannot be made with the deployment's processor; undefined when it can.
 *  @param isProcessed whether it is to be processed at once */
export function refusedPayment(
  request: Pick<CreateRequest, "capture_method" | "amount_minor" | "currency" | "details">,
  isProcessed: boolean,
  processor: ProcessorTerms,
): Refusal | undefined {
  const operation = firstOperation(request);
  const refused = isProcessed ? refusedFirst(operation, undefined, processor) : undefined;
  if (refused) return refused;
  if (!processor.supports(operation)) return { code: "operation_not_supported", operation };
  const { amount_minor, currency, details = NO_DETAILS } = request;
  return processor.refusedAmount(amount_minor, currency) ?? processor.refusedDetails(details);
}

/** Whether this transaction's charge or authorization has its outcome. */
function wasProcessed({ status, failure }: Transaction): boolean {
  return (
    status === "completed" ||
    status === "authorized" ||
    (status === "failed" && !UNCHARGED_CODES.includes(failure?.code ?? ""))
  );
}
