/** Decides about the charge of a transaction: to claim it, to record its outcome, or to cancel it before. */
import { type ProcessorMode, refusedCharge, toLivemode } from "../livemode";
import { accept, type Result, refuse } from "../result";
import { closedReview } from "../review";
import { type Failure, type Transaction, UNCHARGED_CODES } from "../transaction";
import { type Change, decideMove, timeOfChange } from "./transition";

/** What a processor has said for certain about a charge. */
export type ChargeResult = { kind: "settled" } | { kind: "declined"; failure: Failure };

/** What `process` means for a transaction: claim the charge, wait for the one under way, or just answer. Nothing
 *  is claimed that the deployment's processor could not charge. */
export function decideProcess(
  transaction: Transaction,
  mode: ProcessorMode,
  nowMs: number,
): Result<{ step: "claim"; change: Change } | { step: "await" } | { step: "answer" }> {
  const { status, livemode = toLivemode(mode) } = transaction;
  if (hasChargeOutcome(transaction)) return accept({ step: "answer" });
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
  if (hasChargeOutcome(transaction)) return accept(null);
  return result.kind === "settled"
    ? decideMove(transaction, "settle", nowMs)
    : decideMove(transaction, "decline", nowMs, { failure: result.failure });
}

/** Whether a processor's word is another than the outcome that is recorded already. */
export function contradictsOutcome(transaction: Transaction, result: ChargeResult): boolean {
  if (!hasChargeOutcome(transaction)) return false;
  return (transaction.status === "completed") !== (result.kind === "settled");
}

/** Whether this transaction's charge has its outcome. */
function hasChargeOutcome({ status, failure }: Transaction): boolean {
  return (
    status === "completed" ||
    (status === "failed" && !UNCHARGED_CODES.includes(failure?.code ?? ""))
  );
}
