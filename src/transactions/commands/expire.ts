/** `expire`: ends a review without a decision in time. The alarm sends it. */
import { decideExpiry } from "../../domain/transaction/decisions/decide-review";
import { accept } from "../../domain/transaction/result";
import type { OwnedTransaction } from "../journal/journal";
import { applyDecision } from "./apply";
import type { CommandBase, CommandContext } from "./context";
import type { CommandResult } from "./result";

/** The stored time decides, not `review.expires_at`, which may come from a clock that was ahead. */
export function expire(
  { journal, now_ms }: CommandContext,
  owned: OwnedTransaction,
  command: CommandBase,
): CommandResult {
  const { transaction } = owned;
  const expiresAtMs = journal.reviews.expiresAtMs(transaction.id);
  const decided =
    expiresAtMs === undefined ? accept(null) : decideExpiry(transaction, expiresAtMs, now_ms);
  return applyDecision(journal, owned, decided, command);
}
