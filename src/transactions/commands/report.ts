/** `report`: records what the processor reports without being asked. */
import { decideDispute } from "../../domain/transaction/decisions/decide-dispute";
import { decideRefundReport } from "../../domain/transaction/decisions/decide-refund-report";
import { decideReport } from "../../domain/transaction/decisions/decide-report";
import { accept } from "../../domain/transaction/decisions/result";
import type { PaymentReport, RefundReport, Report } from "../../domain/transaction/report";
import type { OwnedTransaction } from "../journal/journal";
import { appendChange, applyChange, applyOutcome } from "./apply";
import type { CommandBase, CommandContext } from "./context";
import { type CommandResult, refused, unchanged } from "./result";

export type RecordReport = CommandBase & { report: Report };

/** The result has `reported`. A report about something that is not recorded yet is refused as `unavailable`, so that the
 *  processor repeats it. */
export function report(
  context: CommandContext,
  owned: OwnedTransaction,
  command: RecordReport,
): CommandResult {
  const { report } = command;
  switch (report.kind) {
    case "payment":
      return reportPayment(context, owned, command, report);
    case "refund":
      return reportRefund(context, owned, command, report);
    case "dispute": {
      const { merchant_id, transaction } = owned;
      const decided = decideDispute(transaction, report, context.now_ms);
      if (decided.result !== "recorded") return notRecorded(owned, decided.result);
      const { journal } = context;
      const applied = applyChange(journal, merchant_id, transaction, decided.change, command);
      return { ...applied, reported: "recorded" };
    }
  }
}

function reportPayment(
  context: CommandContext,
  owned: OwnedTransaction,
  command: CommandBase,
  report: PaymentReport,
): CommandResult {
  const { transaction } = owned;
  const decided = decideReport(transaction, report, context.processor, context.now_ms);
  if (decided.result !== "recorded") return notRecorded(owned, decided.result);
  const applied = applyOutcome(context, owned, accept(decided.change), command);
  if (report.state === "action_required") {
    context.journal.details.setNextAction(transaction.id, report.next_action);
  }
  return applied.kind === "done" ? { ...applied, reported: "recorded" } : applied;
}

function reportRefund(
  { journal, now_ms }: CommandContext,
  owned: OwnedTransaction,
  command: CommandBase,
  report: RefundReport,
): CommandResult {
  const { merchant_id, transaction } = owned;
  const refunds = journal.refunds.of(transaction.id).map(({ refund }) => refund);
  const decided = decideRefundReport(transaction, report, refunds, now_ms);
  if (decided.result !== "recorded") return notRecorded(owned, decided.result);
  const { change, refund, is_new } = decided;
  appendChange(journal, merchant_id, transaction, change, command);
  if (is_new) journal.refunds.add(refund, refund.amount_minor, journal.lastPosition);
  else {
    journal.refunds.save(refund);
    journal.charges.close(refund.id);
  }
  const { status } = change.transaction;
  const data = JSON.stringify(refund);
  return { kind: "done", data, status, replayed: false, wrote: true, reported: "recorded" };
}

function notRecorded(
  { transaction }: OwnedTransaction,
  result: "unchanged" | "contradicts" | "later",
): CommandResult {
  if (result === "later") return refused({ code: "unavailable" });
  return { ...unchanged(transaction), reported: result };
}
