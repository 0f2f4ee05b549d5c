/** The methods of the object of one erasure, as its callers see them. Times are ms since 1970. */

export type ErasureRequest = {
  id: string;
  merchant_id: string;
  /** The customer. */
  user_id: string;
  /** W3C `traceparent` of the request. */
  traceparent: string | null;
};

/** What an erasure has done so far. */
export type ErasureCounts = {
  /** Transactions whose data was replaced. */
  transactions: number;
  /** Deliveries of webhooks that were changed. */
  deliveries: number;
  /** Rows of velocity objects that were deleted. */
  counted_payments: number;
  /** Segments of the archive that were written again. */
  segments: number;
  /** Objects of attempts to archive that were deleted. */
  objects: number;
};

/** An erasure as its merchant sees it. `user_id` is null when it is complete. `waiting`: transactions with an operation that has
 *  no outcome yet. */
export type Erasure = {
  id: string;
  user_id: string | null;
  created_at_ms: number;
  completed_at_ms: number | null;
  waiting: number;
  counts: ErasureCounts;
};

export interface CustomerEraserRpc {
  /** Begins the erasure. Idempotent. When it returns, the erasure continues without further calls. */
  start(request: ErasureRequest): Erasure;
  /** @returns undefined when there is none, or it is another merchant's */
  find(merchantId: string): Erasure | undefined;
}
