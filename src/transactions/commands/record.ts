/** `record`: records the processor's answer to an operation, or schedules the next attempt. */
import {
  contradictsOutcome,
  decideOutcome,
} from "../../domain/transaction/decisions/decide-outcome";
import { decideRefundOutcome } from "../../domain/transaction/decisions/decide-refund";
import type { OperationName, ReportedResult } from "../../domain/transaction/operation";
import type { Refund } from "../../domain/transaction/refund";
import type { Transaction } from "../../domain/transaction/transaction";
import type { Answer } from "../../processor/processor";
import { nextAttemptAtMs } from "../charging/open-charges";
import type { Journal, OwnedTransaction } from "../journal/journal";
import { applyOutcome, applyRefundOutcome } from "./apply";
import type { CommandBase, CommandContext } from "./context";
import { type CommandResult, pending, unchanged } from "./result";

export type RecordOutcome = CommandBase & {
  answer: Answer;
  operation: OperationName;
  /** The version of the transaction with which the operation was claimed. An answer can come after an operator has ended
   *  its operation, and then must not end the next one. */
  claimed_version: number;
  /** Of a refund. */
  refund_id?: string | undefined;
};

export function record(
  context: CommandContext,
  owned: OwnedTransaction,
  command: RecordOutcome,
): CommandResult {
  const { journal, processor, now_ms } = context;
  const { transaction } = owned;
  const { answer, claimed_version, refund_id } = command;
  if (refund_id !== undefined) return recordRefund(context, owned, refund_id, command);
  if (transaction.version !== claimed_version) {
    const ended = () =>
      JSON.parse(journal.textAt(transaction.id, claimed_version + 1)) as Transaction;
    return tooLate(unchanged(transaction), ended, answer);
  }
  if (!isResult(answer)) return defer(journal, transaction, undefined, now_ms);
  const decided = decideOutcome(transaction, answer, processor.capture_window_ms, now_ms);
  return applyOutcome(journal, owned, decided, command);
}

function recordRefund(
  { journal, now_ms }: CommandContext,
  owned: OwnedTransaction,
  refundId: string,
  command: RecordOutcome,
): CommandResult {
  const { transaction } = owned;
  const { answer } = command;
  const refunds = journal.refunds.of(transaction.id).map(({ refund }) => refund);
  const refund = refunds.find(({ id }) => id === refundId);
  if (!refund) throw new Error("an answer about a refund that is not there");
  if (refund.status !== "pending") {
    const data = JSON.stringify(refund);
    return tooLate({ ...unchanged(transaction), data }, () => refund, answer);
  }
  if (!isResult(answer)) return defer(journal, transaction, refund, now_ms);
  const outcome = decideRefundOutcome(transaction, refund, refunds, answer, now_ms);
  return applyRefundOutcome(journal, owned, outcome, command);
}

/** @param ended the transaction or the refund just after the operation */
function tooLate(
  result: CommandResult & { kind: "done" },
  ended: () => Transaction | Refund,
  answer: Answer,
): CommandResult {
  const contradicts = isResult(answer) && contradictsOutcome(ended(), answer);
  return contradicts ? { ...result, contradicts } : result;
}

function isResult(answer: Answer): answer is Answer & ReportedResult {
  return answer.kind === "done" || answer.kind === "declined";
}

function defer(
  journal: Journal,
  transaction: Transaction,
  refund: Refund | undefined,
  nowMs: number,
): CommandResult {
  const open = journal.charges.find(refund?.id ?? transaction.id);
  if (!open) return unchanged(transaction);
  const attempts = open.attempts + 1;
  const retryAtMs = nextAttemptAtMs(attempts, nowMs);
  journal.charges.defer({ ...open, attempts, next_attempt_at_ms: retryAtMs });
  const data = JSON.stringify(refund ?? transaction);
  const order = { transaction, ...(refund && { refund }) };
  return { ...pending(order, data, attempts, retryAtMs), wrote: true };
}
