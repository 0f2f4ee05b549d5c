/** `cancel`: ends a transaction that was not charged. An authorization is voided at the processor. */
import { decideCancel } from "../../domain/transaction/decisions/decide-charge";
import type { OwnedTransaction } from "../journal/journal";
import { applyStep } from "./apply";
import type { CommandContext, MerchantCommand } from "./context";
import type { CommandResult } from "./result";

export function cancel(
  context: CommandContext,
  owned: OwnedTransaction,
  command: MerchantCommand,
): CommandResult {
  const decided = decideCancel(owned.transaction, context.processor, context.now_ms);
  return applyStep(context, owned, decided, command);
}
