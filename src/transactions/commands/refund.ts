/** `refund`: claims a refund, or finds the one under its key. */
import { deriveRefundId } from "../../domain/identity/id";
import { decideRefund } from "../../domain/transaction/decisions/decide-refund";
import { refusedVersion } from "../../domain/transaction/decisions/precondition";
import type { RefundRequest } from "../../domain/transaction/refund";
import type { OwnedTransaction } from "../journal/journal";
import { awaited } from "./apply";
import type { CommandContext, MerchantCommand } from "./context";
import { type CommandResult, pending, refused, unchanged } from "./result";

export type RefundTransaction = MerchantCommand & RefundRequest;

export function refund(
  context: CommandContext,
  { merchant_id, transaction }: OwnedTransaction,
  command: RefundTransaction,
): CommandResult {
  const { journal, processor, now_ms } = context;
  const earlier = journal.refunds.of(transaction.id);
  const refundId = deriveRefundId(transaction.id, command.idempotency_key);
  const decided = decideRefund(transaction, refundId, command, earlier, processor, now_ms);
  if (!decided.ok) return refused(decided.refusal);
  const { value } = decided;
  if (value.step !== "claim") {
    if (value.step === "wait") {
      return { ...awaited(context, transaction, value.refund), replayed: true };
    }
    return { ...unchanged(transaction), data: JSON.stringify(value.refund), replayed: true };
  }
  const mismatch = refusedVersion(transaction, command);
  if (mismatch) return refused(mismatch);
  const { change, refund: made, sent_minor } = value;
  journal.append(merchant_id, change, command.traceparent);
  journal.refunds.add(made, sent_minor, journal.lastPosition);
  journal.charges.open(made.id, journal.lastPosition, now_ms);
  const order = { transaction: change.transaction, refund: made };
  const first = { attempts: 0, claimed_at_ms: now_ms };
  return { ...pending(order, JSON.stringify(made), first, now_ms), wrote: true };
}
