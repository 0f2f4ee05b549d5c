/** The review of a payment that the fraud rules hold until a reviewer decides. */

import { formatTime } from "../time/format-time";

export const REVIEW_STATUSES = ["open", "approved", "rejected", "cancelled"] as const;

/** `cancelled`: the transaction was cancelled before a decision. */
export type ReviewStatus = (typeof REVIEW_STATUSES)[number];

export const REVIEW_DECISIONS = ["approve", "reject"] as const;
export type ReviewDecision = (typeof REVIEW_DECISIONS)[number];

/** Part of the transaction. Times are RFC 3339 UTC. */
export type Review = {
  status: ReviewStatus;
  /** Until when a reviewer can decide, and the decision when none does. */
  expires_at: string;
  expires_to: ReviewDecision;
  /** Whether the review expired without a decision. */
  expired: boolean;
  /** Who decided and why, as the request says; null when it does not. */
  reviewer: string | null;
  note: string | null;
  decided_at: string | null;
};

/** A reviewer's decision. */
export type ReviewRequest = {
  decision: ReviewDecision;
  reviewer: string | null;
  note: string | null;
};

export const STATUS_OF_DECISION = {
  approve: "approved",
  reject: "rejected",
} as const satisfies Record<ReviewDecision, ReviewStatus>;

export function openReview(
  { review_expires_after_s, review_expires_to }: ReviewTerms,
  nowMs: number,
): Review {
  return {
    status: "open",
    expires_at: formatTime(nowMs + review_expires_after_s * 1_000),
    expires_to: review_expires_to,
    expired: false,
    reviewer: null,
    note: null,
    decided_at: null,
  };
}

export type ReviewTerms = { review_expires_after_s: number; review_expires_to: ReviewDecision };

/** The review with its end. */
export function closedReview(
  review: Review,
  status: Exclude<ReviewStatus, "open">,
  decidedAt: string,
  by: { reviewer?: string | null; note?: string | null; expired?: boolean } = {},
): Review {
  const { reviewer = null, note = null, expired = false } = by;
  return { ...review, status, expired, reviewer, note, decided_at: decidedAt };
}
