/** Compares what has moved at Stripe with our record of it. */
import type { Refund as OurRefund } from "../../../domain/transaction/refund";
import type { Transaction } from "../../../domain/transaction/transaction";
import { fromStripeAmount } from "../amounts";
import type { Refund } from "../objects";
import type { BalanceTransaction, Charge } from "./balance";
import { type About, type Difference, formatMinor } from "./difference";

/** A refund that has failed has a second balance transaction, which returns its money. */
const FAILURE_TYPES = ["refund_failure", "payment_failure_refund"];

/** The differences of a charge that has moved money.
 *  @param ours the transaction that its metadata names */
export function compareCharge(
  entry: BalanceTransaction,
  charge: Charge,
  ours: Transaction | undefined,
): Difference[] {
  const reference = charge.payment_intent ?? charge.id;
  const about: About = {
    transaction_id: ours?.id ?? charge.metadata?.transaction_id ?? null,
    refund_id: null,
    processor_reference: reference,
  };
  const captured = fromStripeAmount(charge.amount_captured, charge.currency);
  const theirs = formatMinor(captured, charge.currency);
  if (!ours) return [{ kind: "missing_here", ...about, ours: null, theirs }];
  const known = ours.processor_reference;
  if (known !== undefined && known !== reference) {
    // The transaction has another payment: this one was made twice.
    return [{ kind: "missing_here", ...about, ours: known, theirs }];
  }
  if (ours.currency !== charge.currency.toUpperCase()) {
    const currencies = { ours: ours.currency, theirs: charge.currency.toUpperCase() };
    return [{ kind: "currency", ...about, ...currencies }];
  }
  if (ours.status !== "completed") {
    return [{ kind: "state", ...about, ours: ours.status, theirs: "succeeded" }];
  }
  const settled =
    entry.currency === charge.currency ? fromStripeAmount(entry.amount, entry.currency) : captured;
  const recorded = ours.amount_captured_minor ?? ours.amount_minor;
  const differing = [captured, settled].find((minor) => minor !== recorded);
  if ([captured, settled].every((minor) => minor === recorded)) return [];
  const amounts = {
    ours: formatMinor(recorded, ours.currency),
    theirs: formatMinor(differing, charge.currency),
  };
  return [{ kind: "amount", ...about, ...amounts }];
}

/** The differences of a refund that has moved money, or of the return of one that has failed.
 *  @param about what the refund's metadata names
 *  @param ours the refund of ours */
export function compareRefund(
  entry: BalanceTransaction,
  refund: Refund,
  about: About,
  ours: OurRefund | undefined,
): Difference[] {
  const minor = fromStripeAmount(refund.amount, refund.currency);
  const theirs = formatMinor(minor, refund.currency);
  if (!ours) return [{ kind: "missing_here", ...about, ours: null, theirs }];
  const state = toOurState(refund.status);
  const isFailure = FAILURE_TYPES.includes(entry.type);
  const differences: Difference[] = [];
  if (!isFailure && ours.currency !== refund.currency.toUpperCase()) {
    const currencies = { ours: ours.currency, theirs: refund.currency.toUpperCase() };
    differences.push({ kind: "currency", ...about, ...currencies });
  } else if (!isFailure && ours.amount_minor !== minor) {
    const recorded = formatMinor(ours.amount_minor, ours.currency);
    differences.push({ kind: "amount", ...about, ours: recorded, theirs });
  }
  // A refund that has failed is compared once, at its return.
  if (isFailure === (state === "failed") && ours.status !== state) {
    differences.push({ kind: "state", ...about, ours: ours.status, theirs: state });
  }
  return differences;
}

/** Stripe's status of a refund, as the status that ours should have. */
export function toOurState(status: string | null | undefined): string {
  if (status === "canceled") return "failed";
  return status === "requires_action" ? "pending" : (status ?? "none");
}

/** Whether Stripe's own sums are right: the fee is the sum of its parts, and the net amount is what the fee leaves. */
export function compareFee(entry: BalanceTransaction, about: About): Difference[] {
  const fee = entry.fee_details.reduce((sum, part) => sum + part.amount, 0);
  const net = entry.amount - entry.fee;
  if (fee === entry.fee && net === entry.net) return [];
  const format = (of: { fee: number; net: number }) =>
    `fee ${of.fee}, net ${of.net} ${entry.currency.toUpperCase()}`;
  const texts = { ours: format({ fee, net }), theirs: format(entry) };
  return [{ kind: "fee", ...about, processor_reference: entry.id, ...texts }];
}
