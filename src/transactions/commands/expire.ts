/** `expire`: ends a review without a decision in time, and voids a payment that was not captured in time or whose customer
 *  did not act in time. The alarm sends it. */
import {
  decideActionExpiry,
  decideCaptureExpiry,
} from "../../domain/transaction/decisions/decide-capture";
import { decideExpiry } from "../../domain/transaction/decisions/decide-review";
import type { OwnedTransaction } from "../journal/journal";
import { applyDecision, applyStep } from "./apply";
import type { CommandBase, CommandContext } from "./context";
import { type CommandResult, unchanged } from "./result";

/** The stored time decides, not that of the transaction, which may come from a clock that was ahead. */
export function expire(
  context: CommandContext,
  owned: OwnedTransaction,
  command: CommandBase,
): CommandResult {
  const { journal, now_ms } = context;
  const { transaction } = owned;
  const expiresAtMs = journal.deadlines.expiresAtMs(transaction.id);
  if (expiresAtMs === undefined) return unchanged(transaction);
  if (transaction.status === "authorized") {
    return applyStep(
      context,
      owned,
      decideCaptureExpiry(transaction, expiresAtMs, now_ms),
      command,
    );
  }
  if (transaction.status === "requires_action") {
    return applyStep(context, owned, decideActionExpiry(transaction, expiresAtMs, now_ms), command);
  }
  return applyDecision(journal, owned, decideExpiry(transaction, expiresAtMs, now_ms), command);
}
