/** A payment that the fraud rules hold until somebody has looked at it. */

export const REVIEW_STATUSES = ["open", "approved", "rejected", "cancelled"] as const;

/** `cancelled`: the transaction was, before anybody decided. */
export type ReviewStatus = (typeof REVIEW_STATUSES)[number];

export const REVIEW_DECISIONS = ["approve", "reject"] as const;
export type ReviewDecision = (typeof REVIEW_DECISIONS)[number];

/** Part of the transaction. Times are RFC 3339 UTC. */
export type Review = {
  status: ReviewStatus;
  /** Until when somebody can decide, and what is decided then. */
  expires_at: string;
  expires_to: ReviewDecision;
  /** Whether it was that: nobody had decided in time. */
  expired: boolean;
  /** Who decided and why, as the caller said; null when it was not said. */
  reviewer: string | null;
  note: string | null;
  decided_at: string | null;
};

/** A reviewer's word. */
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
    expires_at: new Date(nowMs + review_expires_after_s * 1_000).toISOString(),
    expires_to: review_expires_to,
    expired: false,
    reviewer: null,
    note: null,
    decided_at: null,
  };
}

export type ReviewTerms = { review_expires_after_s: number; review_expires_to: ReviewDecision };

/** The review with its end noted. */
export function closedReview(
  review: Review,
  status: Exclude<ReviewStatus, "open">,
  decidedAt: string,
  by: { reviewer?: string | null; note?: string | null; expired?: boolean } = {},
): Review {
  const { reviewer = null, note = null, expired = false } = by;
  return { ...review, status, expired, reviewer, note, decided_at: decidedAt };
}
