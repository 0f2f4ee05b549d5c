/** How reviews are described. */
import type { ReviewDecision } from "../../domain/transaction/review";
import type { Payment } from "../payments/bodies";
import { durationText } from "../view/duration";

export const VERBS: Record<ReviewDecision, string> = { approve: "Approve", reject: "Reject" };
const PARTICIPLES: Record<ReviewDecision, string> = {
  approve: "approved",
  reject: "rejected",
};

/** When an open review ends on its own, and how. */
export function expiryText(review: NonNullable<Payment["review"]>, nowMs: number): string {
  const leftMs = Date.parse(review.expires_at) - nowMs;
  const when = leftMs > 0 ? `expires in ${durationText(leftMs)}` : "expires now";
  return `${when}, then ${PARTICIPLES[review.expires_to]}`;
}
