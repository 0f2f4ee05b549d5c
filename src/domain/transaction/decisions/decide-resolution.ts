/** When an operator may end a charge by hand, and what that changes. */
import type { ResolveRequest } from "../resolution";
import { accept, type Result, refuse } from "../result";
import { DECLINED_BY_OPERATOR, type Failure, type Transaction } from "../transaction";
import { type Change, decideMove } from "./transition";

/** Until so long after its claim a charge is left to the processor: by then it has been asked about ten times.
 *  Processors that settle late do it within minutes; an operator who waits longer has a reason to look. */
export const RESOLVABLE_AFTER_MS = 900_000;

const DECLINED: Failure = {
  code: DECLINED_BY_OPERATOR,
  message: "An operator recorded that the processor declined the charge",
};
const ACTIONS = { settled: "settle", declined: "decline" } as const;

/** Records an operator's word on a charge without an outcome. The same outcome again changes nothing.
 *  @param isCallUnderWay whether the processor is being asked right now */
export function decideResolution(
  transaction: Transaction,
  { outcome, reason, resolved_by, force }: ResolveRequest,
  isCallUnderWay: boolean,
  nowMs: number,
): Result<Change | null> {
  const { status, resolution, updated_at } = transaction;
  if (resolution?.outcome === outcome) return accept(null);
  const action = ACTIONS[outcome];
  if (status !== "processing") return refuse({ code: "illegal_transition", status, action });
  // The claim is the last change of a transaction that is processing.
  const resolvableAtMs = Date.parse(updated_at) + RESOLVABLE_AFTER_MS;
  const forced = isCallUnderWay || nowMs < resolvableAtMs;
  if (forced && !force) {
    return refuse({ code: "charge_may_still_end", resolvable_at_ms: resolvableAtMs });
  }
  const resolved_at = new Date(nowMs).toISOString();
  const failure = outcome === "declined" ? DECLINED : null;
  return decideMove(transaction, action, nowMs, {
    failure,
    resolution: { outcome, reason, resolved_by, resolved_at, forced },
  });
}
