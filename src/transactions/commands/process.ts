/** `process`: claims the charge or authorization, or finds it claimed or finished. */
import { decideProcess } from "../../domain/transaction/decisions/decide-charge";
import type { OwnedTransaction } from "../journal/journal";
import { applyStep } from "./apply";
import type { CommandContext, MerchantCommand } from "./context";
import type { CommandResult } from "./result";

export function process(
  context: CommandContext,
  owned: OwnedTransaction,
  command: MerchantCommand,
): CommandResult {
  const decided = decideProcess(owned.transaction, context.processor, context.now_ms);
  return applyStep(context, owned, decided, command);
}
