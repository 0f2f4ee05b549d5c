/** How an operator ends a charge whose outcome the processor does not say. */

export const CHARGE_OUTCOMES = ["settled", "declined"] as const;
type ChargeOutcome = (typeof CHARGE_OUTCOMES)[number];

/** What an operator says of a charge, from the processor's own records. */
export type ResolveRequest = {
  outcome: ChargeOutcome;
  reason: string;
  /** Who decided. */
  resolved_by: string;
  /** Resolves although the processor may still answer by itself. */
  force: boolean;
};

/** Part of a transaction whose outcome is an operator's word and not the processor's. */
export type Resolution = {
  outcome: ChargeOutcome;
  reason: string;
  resolved_by: string;
  /** RFC 3339 UTC. */
  resolved_at: string;
  /** Whether the processor could still have answered by itself, so that `force` was needed. */
  forced: boolean;
};
