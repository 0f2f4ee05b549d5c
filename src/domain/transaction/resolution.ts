/** How an operator ends a charge for which the processor returns no outcome. */

export const CHARGE_OUTCOMES = ["settled", "declined"] as const;
type ChargeOutcome = (typeof CHARGE_OUTCOMES)[number];

/** A charge's outcome as an operator has found it in the processor's records. */
export type ResolveRequest = {
  outcome: ChargeOutcome;
  reason: string;
  /** Who decided. */
  resolved_by: string;
  /** Resolves although the processor may still return an outcome. */
  force: boolean;
};

/** Part of a transaction whose outcome was recorded by an operator and not by the processor. */
export type Resolution = {
  outcome: ChargeOutcome;
  reason: string;
  resolved_by: string;
  /** RFC 3339 UTC. */
  resolved_at: string;
  /** Whether the processor could still have returned an outcome, so that `force` was needed. */
  forced: boolean;
};
