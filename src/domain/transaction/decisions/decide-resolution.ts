/** When an operator may end a charge by hand, and what that changes. */
import { formatTime } from "../../time/format-time";
import type { OperationResult } from "../operation";
import type { Refund } from "../refund";
import type { Resolution, ResolveRequest } from "../resolution";
import { DECLINED_BY_OPERATOR, type Transaction } from "../transaction";
import { decideOutcome, decideResume, type Windows } from "./decide-outcome";
import { decideRefundOutcome } from "./decide-refund";
import { accept, type Result, refuse } from "./result";
import { type Change, followedBy } from "./transition";

/** Until so long after its claim a charge is left to the processor: by then it has been asked about ten times.
 *  Processors that settle late do it within minutes; an operator who waits longer has a reason to look. */
export const RESOLVABLE_AFTER_MS = 900_000;

const RESULTS: Record<ResolveRequest["outcome"], OperationResult> = {
  settled: { kind: "done" },
  declined: {
    kind: "declined",
    failure: {
      code: DECLINED_BY_OPERATOR,
      message: "An operator recorded that the processor declined the charge",
    },
  },
};

/** Records an operator's word on an open operation without an outcome. The same outcome again changes nothing.
 *  @param isCallUnderWay whether the processor is being asked right now */
export function decideResolution(
  transaction: Transaction,
  request: ResolveRequest,
  isCallUnderWay: boolean,
  windows: Windows,
  nowMs: number,
): Result<Change | null> {
  const { status, resolution } = transaction;
  const { outcome } = request;
  const isOpen = status === "processing" || status === "requires_action";
  if (!isOpen) {
    if (resolution?.outcome === outcome) return accept(null);
    const action = outcome === "settled" ? "settle" : "decline";
    return refuse({ code: "illegal_transition", status, action });
  }
  // The last change of an open transaction is its claim, or that the customer has to act.
  const resolved = resolve(transaction.updated_at, request, isCallUnderWay, nowMs);
  if (!resolved.ok) return resolved;
  const end = (open: Transaction) =>
    decideOutcome({ ...open, resolution: resolved.value }, RESULTS[outcome], windows, nowMs);
  if (status === "processing") return end(transaction);
  return followedBy(decideResume(transaction, nowMs), end);
}

/** The same for a refund. */
export function decideRefundResolution(
  transaction: Transaction,
  refund: Refund,
  refunds: Refund[],
  request: ResolveRequest,
  isCallUnderWay: boolean,
  nowMs: number,
): Result<{ change: Change; refund: Refund } | null> {
  const { outcome } = request;
  if (refund.status !== "pending") {
    if (refund.resolution?.outcome === outcome) return accept(null);
    const action = outcome === "settled" ? "settle" : "decline";
    return refuse({ code: "illegal_transition", status: transaction.status, action });
  }
  const resolved = resolve(refund.updated_at, request, isCallUnderWay, nowMs);
  if (!resolved.ok) return resolved;
  const changed = { resolution: resolved.value };
  return accept(
    decideRefundOutcome(transaction, refund, refunds, RESULTS[outcome], nowMs, changed),
  );
}

/** @param claimedAt RFC 3339 */
function resolve(
  claimedAt: string,
  { outcome, reason, resolved_by, force }: ResolveRequest,
  isCallUnderWay: boolean,
  nowMs: number,
): Result<Resolution> {
  const resolvableAtMs = Date.parse(claimedAt) + RESOLVABLE_AFTER_MS;
  const forced = isCallUnderWay || nowMs < resolvableAtMs;
  if (forced && !force) {
    return refuse({ code: "charge_may_still_end", resolvable_at_ms: resolvableAtMs });
  }
  const resolved_at = formatTime(nowMs);
  return accept({ outcome, reason, resolved_by, resolved_at, forced });
}
