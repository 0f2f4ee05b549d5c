/** `record`: records the processor's answer to an operation, or schedules the next attempt. */
import { contradictsRefund, endOf } from "../../domain/transaction/decisions/contradiction";
import {
  decideActionRequired,
  decideOutcome,
} from "../../domain/transaction/decisions/decide-outcome";
import {
  decideCharged,
  decideReleased,
  decideTooLate,
} from "../../domain/transaction/decisions/decide-processed";
import { decideRefundOutcome } from "../../domain/transaction/decisions/decide-refund";
import type { OperationName, ReportedResult } from "../../domain/transaction/operation";
import type { Transaction } from "../../domain/transaction/transaction";
import type { ActionRequired, Answer } from "../../processor/processor";
import type { Journal, OwnedTransaction } from "../journal/journal";
import { applyOutcome, applyRefundOutcome, applyWaiting, defer } from "./apply";
import type { CommandBase, CommandContext } from "./context";
import { type CommandResult, unchanged } from "./result";

export type RecordOutcome = CommandBase & {
  answer: Answer;
  operation: OperationName;
  /** The version of the transaction with which the operation was claimed. An answer can come after an operator or a report
   *  has ended its operation, and then must not end the next one. */
  claimed_version: number;
  /** Of a refund. */
  refund_id?: string | undefined;
};

export function record(
  context: CommandContext,
  owned: OwnedTransaction,
  command: RecordOutcome,
): CommandResult {
  const { processor, now_ms } = context;
  const { transaction } = owned;
  const { answer, operation, refund_id } = command;
  if (refund_id !== undefined) return recordRefund(context, owned, refund_id, command);
  if (!isOpen(transaction, command)) return recordLate(context.journal, transaction, command);
  switch (answer.kind) {
    case "unknown":
      return defer(context, transaction);
    case "action_required":
      return requireAction(context, owned, command, answer);
    case "too_late": {
      const decided = decideTooLate(transaction, answer, processor, now_ms);
      if (!decided) return defer(context, transaction);
      return applyOutcome(context, owned, decided, command);
    }
    case "released": {
      if (operation === "void") return defer(context, transaction);
      const decided = decideReleased(transaction, answer.processor_reference, now_ms);
      return applyOutcome(context, owned, decided, command);
    }
    case "captured": {
      const decided = decideCharged(transaction, answer, processor, now_ms);
      if (!decided) return defer(context, transaction);
      return applyOutcome(context, owned, decided, command);
    }
    default: {
      const decided = decideOutcome(transaction, answer, processor, now_ms);
      return applyOutcome(context, owned, decided, command);
    }
  }
}

/** Whether the operation that was claimed has no outcome yet. A charge, which is claimed once, has several versions when
 *  the customer has to act. */
function isOpen(transaction: Transaction, { operation, claimed_version }: RecordOutcome): boolean {
  const { status, version, pending_operation } = transaction;
  if (version === claimed_version) return true;
  const isFirst = operation === "charge" || operation === "authorize";
  return (
    isFirst && (status === "requires_action" || (status === "processing" && !pending_operation))
  );
}

/** The customer has to act: the first time that is an event. Later answers may have another URL. */
function requireAction(
  context: CommandContext,
  owned: OwnedTransaction,
  command: RecordOutcome,
  { next_action, processor_reference }: ActionRequired,
): CommandResult {
  const { journal, processor, now_ms } = context;
  const { transaction } = owned;
  // A capture, a void and a refund need nothing of the customer.
  if (transaction.pending_operation) return defer(context, transaction);
  if (transaction.status === "processing") {
    const decided = decideActionRequired(transaction, processor_reference, processor, now_ms);
    journal.details.setNextAction(transaction.id, next_action);
    return applyWaiting(context, owned, decided, command);
  }
  journal.details.setNextAction(transaction.id, next_action);
  return defer(context, transaction);
}

function recordRefund(
  context: CommandContext,
  owned: OwnedTransaction,
  refundId: string,
  command: RecordOutcome,
): CommandResult {
  const { journal, now_ms } = context;
  const { transaction } = owned;
  const { answer } = command;
  const refunds = journal.refunds.of(transaction.id).map(({ refund }) => refund);
  const refund = refunds.find(({ id }) => id === refundId);
  if (!refund) throw new Error("an answer about a refund that is not there");
  if (refund.status !== "pending") {
    const result = { ...unchanged(transaction), data: JSON.stringify(refund) };
    const contradicts = isResult(answer) && contradictsRefund(refund, answer);
    return contradicts ? { ...result, contradicts } : result;
  }
  if (!isResult(answer)) return defer(context, transaction, refund);
  const outcome = decideRefundOutcome(transaction, refund, refunds, answer, now_ms);
  return applyRefundOutcome(journal, owned, outcome, command);
}

/** An answer to an operation that has ended. */
function recordLate(
  journal: Journal,
  transaction: Transaction,
  { answer, operation, claimed_version }: RecordOutcome,
): CommandResult {
  const result = unchanged(transaction);
  if (answer.kind === "unknown" || answer.kind === "action_required") return result;
  // An authorization may have been released after it was made.
  if (answer.kind === "released" && operation === "authorize") return result;
  const said = answer.kind === "done" || answer.kind === "captured" ? "done" : "declined";
  for (let version = claimed_version + 1; version <= transaction.version; version++) {
    const after = JSON.parse(journal.textAt(transaction.id, version)) as Transaction;
    const ended = endOf(operation, after);
    if (ended !== undefined) return ended === said ? result : { ...result, contradicts: true };
  }
  return result;
}

function isResult(answer: Answer): answer is Answer & ReportedResult {
  return answer.kind === "done" || answer.kind === "declined";
}
