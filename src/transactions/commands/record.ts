/** `record`: records the processor's response to a charge, or schedules the next attempt. */
import {
  contradictsOutcome,
  decideOutcome,
} from "../../domain/transaction/decisions/decide-charge";
import type { Transaction } from "../../domain/transaction/transaction";
import type { ChargeAnswer } from "../../processor/processor";
import { nextAttemptAtMs } from "../charging/open-charges";
import type { Journal, OwnedTransaction } from "../journal/journal";
import { applyOutcome } from "./apply";
import type { CommandBase, CommandContext } from "./context";
import { type CommandResult, pending, unchanged } from "./result";

export type RecordOutcome = CommandBase & { answer: ChargeAnswer };

export function record(
  { journal, now_ms }: CommandContext,
  owned: OwnedTransaction,
  command: RecordOutcome,
): CommandResult {
  const { transaction } = owned;
  const { answer } = command;
  if (answer.kind === "unknown") return deferCharge(journal, transaction, now_ms);
  const decided = decideOutcome(transaction, answer, now_ms);
  if (decided.ok && !decided.value && contradictsOutcome(transaction, answer)) {
    return { ...unchanged(transaction), contradicts: true };
  }
  return applyOutcome(journal, owned, decided, command);
}

function deferCharge(journal: Journal, transaction: Transaction, nowMs: number): CommandResult {
  const open = journal.charges.find(transaction.id);
  if (!open) return unchanged(transaction);
  const attempts = open.attempts + 1;
  const retryAtMs = nextAttemptAtMs(attempts, nowMs);
  journal.charges.defer(transaction.id, attempts, retryAtMs);
  const deferred = pending(transaction, JSON.stringify(transaction), attempts, retryAtMs);
  return { ...deferred, wrote: true };
}
