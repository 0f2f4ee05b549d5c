/** Decides how a transaction leaves review: by a reviewer's decision, or because the review expired. */

import {
  closedReview,
  type ReviewDecision,
  type ReviewRequest,
  STATUS_OF_DECISION,
} from "../review";
import { type Failure, REVIEW_REJECTED, type Transaction } from "../transaction";
import { accept, type Result, refuse } from "./result";
import { type Change, decideMove, timeOfChange } from "./transition";

/** Records a reviewer's word. The same word again changes nothing, whatever became of the transaction
 *  since; the other word comes too late. */
export function decideReview(
  transaction: Transaction,
  { decision, reviewer, note }: ReviewRequest,
  nowMs: number,
): Result<Change | null> {
  if (transaction.review?.status === STATUS_OF_DECISION[decision]) return accept(null);
  return endReview(transaction, decision, nowMs, { reviewer, note });
}

/** Ends a review that has expired. Before that time, and after a decision, nothing changes.
 *  @param expiresAtMs `review.expires_at`, unless a clock that was wrong then has been corrected since */
export function decideExpiry(
  transaction: Transaction,
  expiresAtMs: number,
  nowMs: number,
): Result<Change | null> {
  const { review } = transaction;
  if (review?.status !== "open" || nowMs < expiresAtMs) return accept(null);
  return endReview(transaction, review.expires_to, nowMs, { expired: true });
}

const REJECTED: Failure = { code: REVIEW_REJECTED, message: "This payment was rejected in review" };

function endReview(
  transaction: Transaction,
  decision: ReviewDecision,
  nowMs: number,
  by: Parameters<typeof closedReview>[3],
): Result<Change> {
  const { status, review } = transaction;
  if (!review || status !== "review") {
    return refuse({ code: "illegal_transition", status, action: decision });
  }
  const decidedAt = timeOfChange(transaction, nowMs);
  const closed = closedReview(review, STATUS_OF_DECISION[decision], decidedAt, by);
  const failure = decision === "reject" ? REJECTED : null;
  return decideMove(transaction, decision, nowMs, { review: closed, failure });
}
