/** `cancel`: ends a transaction before its charge is claimed. */
import { decideCancel } from "../../domain/transaction/decisions/decide-charge";
import type { OwnedTransaction } from "../journal/journal";
import { applyDecision } from "./apply";
import type { CommandContext, MerchantCommand } from "./context";
import type { CommandResult } from "./result";

export function cancel(
  { journal, now_ms }: CommandContext,
  owned: OwnedTransaction,
  command: MerchantCommand,
): CommandResult {
  return applyDecision(journal, owned, decideCancel(owned.transaction, now_ms), command);
}
