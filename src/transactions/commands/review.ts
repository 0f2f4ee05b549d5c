/** `review`: records a reviewer's decision. */
import { decideReview } from "../../domain/transaction/decisions/decide-review";
import type { ReviewRequest } from "../../domain/transaction/review";
import type { OwnedTransaction } from "../journal/journal";
import { applyDecision } from "./apply";
import type { CommandContext, MerchantCommand } from "./context";
import type { CommandResult } from "./result";

export type ReviewTransaction = MerchantCommand & ReviewRequest;

export function review(
  { journal, now_ms }: CommandContext,
  owned: OwnedTransaction,
  command: ReviewTransaction,
): CommandResult {
  return applyDecision(journal, owned, decideReview(owned.transaction, command, now_ms), command);
}
