/** `process`: claims the charge, or finds it claimed or finished. The processor is called after the commit. */
import { decideProcess } from "../../domain/transaction/decisions/decide-charge";
import { attemptDueAtMs } from "../charging/open-charges";
import type { OwnedTransaction } from "../journal/journal";
import type { CommandContext, MerchantCommand } from "./context";
import { type CommandResult, pending, refused, unchanged } from "./result";

export function process(
  { journal, mode, now_ms }: CommandContext,
  { merchant_id, transaction }: OwnedTransaction,
  { traceparent }: MerchantCommand,
): CommandResult {
  const decided = decideProcess(transaction, mode, now_ms);
  if (!decided.ok) return refused(decided.refusal);
  if (decided.value.step === "answer") return unchanged(transaction);
  if (decided.value.step === "claim") {
    const { change } = decided.value;
    const data = journal.append(merchant_id, change, traceparent);
    journal.charges.open(change.transaction.id, journal.lastPosition, now_ms);
    return { ...pending(change.transaction, data, 0, now_ms), wrote: true };
  }
  const open = journal.charges.find(transaction.id);
  if (!open) throw new Error("a transaction is processing without an open charge");
  const retryAtMs = attemptDueAtMs(open.next_attempt_at_ms, now_ms);
  return pending(transaction, JSON.stringify(transaction), open.attempts, retryAtMs);
}
