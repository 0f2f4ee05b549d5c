/** The dispute of a payment: the customer has asked the card's issuer for the money back. */

/** `open` until the issuer has decided. `closed`: it ended without a decision. */
export const DISPUTE_STATUSES = ["open", "won", "lost", "closed"] as const;
export type DisputeStatus = (typeof DISPUTE_STATUSES)[number];

/** The newest dispute of a transaction. */
export type Dispute = {
  /** The processor's own id. */
  id: string;
  status: DisputeStatus;
  /** The processor's code of the reason, such as `fraudulent`. */
  reason: string;
  amount_minor: number;
  currency: string;
  /** RFC 3339 UTC: until when evidence can be sent; null when the processor names no time. */
  evidence_due_by: string | null;
  /** RFC 3339 UTC, by the processor's clock. */
  opened_at: string;
};
