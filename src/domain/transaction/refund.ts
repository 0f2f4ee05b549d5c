/** The refund: money of a captured payment that goes back to the customer. */
import type { Resolution } from "./resolution";
import type { Failure } from "./transaction";

/** Refunds of one transaction, failed ones included: they are read together. */
export const MAX_REFUNDS = 100;

export const REFUND_STATUSES = ["pending", "succeeded", "failed"] as const;
export type RefundStatus = (typeof REFUND_STATUSES)[number];

/** A refund, in the form in which it is stored, answered and announced. Times are RFC 3339 UTC. */
export type Refund = {
  id: string;
  transaction_id: string;
  idempotency_key: string;
  /** Major units, for people. Computed from `amount_minor` and never read back. */
  amount: number;
  amount_minor: number;
  currency: string;
  /** `pending` until the processor's outcome is known. */
  status: RefundStatus;
  reason: string | null;
  metadata: Record<string, string>;
  livemode: boolean;
  failure: Failure | null;
  /** The processor's own id of the refund, if it has named one. */
  processor_reference?: string;
  /** Only of a refund that had succeeded before it failed: when it failed, RFC 3339 UTC. */
  reversed_at?: string;
  created_at: string;
  updated_at: string;
  /** Only there when an operator ended the refund by hand. */
  resolution?: Resolution;
};

/** A validated request for a refund. */
export type RefundRequest = {
  idempotency_key: string;
  /** Decimal text in major units, as it was sent; null for all that is left. */
  amount: string | null;
  reason: string | null;
  metadata: Record<string, string>;
};
