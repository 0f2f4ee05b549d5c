/** `resolve`: records the outcome that an operator found for an operation. The processor is not called again. */
import {
  decideRefundResolution,
  decideResolution,
} from "../../domain/transaction/decisions/decide-resolution";
import { operationKey } from "../../domain/transaction/operation";
import type { ResolveRequest } from "../../domain/transaction/resolution";
import type { OwnedTransaction } from "../journal/journal";
import { applyOutcome, applyRefundOutcome } from "./apply";
import type { CommandBase, CommandContext } from "./context";
import { type CommandResult, refused, unchanged } from "./result";

export type ResolveOperation = CommandBase &
  ResolveRequest & {
    /** Of a refund; otherwise the open operation of the transaction is resolved. */
    refund_id?: string | undefined;
    /** Whether a call to the processor is in progress under a key. Evaluated when the command is decided. */
    is_call_under_way: (key: string) => boolean;
  };

export function resolve(
  context: CommandContext,
  owned: OwnedTransaction,
  command: ResolveOperation,
): CommandResult {
  const { processor, now_ms } = context;
  const { transaction } = owned;
  if (command.refund_id !== undefined) {
    return resolveRefund(context, owned, command.refund_id, command);
  }
  const isCallUnderWay = command.is_call_under_way(operationKey(transaction));
  const decided = decideResolution(transaction, command, isCallUnderWay, processor, now_ms);
  return applyOutcome(context, owned, decided, command);
}

function resolveRefund(
  { journal, now_ms }: CommandContext,
  owned: OwnedTransaction,
  refundId: string,
  command: ResolveOperation,
): CommandResult {
  const { transaction } = owned;
  const refunds = journal.refunds.of(transaction.id).map(({ refund }) => refund);
  const refund = refunds.find(({ id }) => id === refundId);
  if (!refund) return refused({ code: "refund_not_found" });
  const isCallUnderWay = command.is_call_under_way(refundId);
  const decided = decideRefundResolution(
    transaction,
    refund,
    refunds,
    command,
    isCallUnderWay,
    now_ms,
  );
  if (!decided.ok) return refused(decided.refusal);
  if (!decided.value) return { ...unchanged(transaction), data: JSON.stringify(refund) };
  return applyRefundOutcome(journal, owned, decided.value, command);
}
