/** Compares what we have recorded with what Stripe has. Money that has moved is compared by its balance transaction
 *  (`compare-balance.ts`); this is about payments and refunds that Stripe lacks, and those whose money is only held or has
 *  not moved. */
import type { Refund as OurRefund } from "../../../domain/transaction/refund";
import type { Status } from "../../../domain/transaction/status";
import type { Transaction } from "../../../domain/transaction/transaction";
import { fromStripeAmount } from "../amounts";
import type { PaymentIntent, Refund } from "../objects";
import { toOurState } from "./compare-balance";
import { type About, type Difference, formatMinor } from "./difference";

/** The statuses of a PaymentIntent that fit a status of ours, apart from `succeeded`. */
const FITTING: Partial<Record<Status | "requires_action", string[]>> = {
  processing: ["processing", "requires_action", "requires_capture", "requires_confirmation"],
  requires_action: ["requires_action", "processing"],
  authorized: ["requires_capture"],
  failed: ["requires_payment_method", "canceled"],
  cancelled: ["canceled"],
};
/** Nothing has reached Stripe before these. */
const WITHOUT_PAYMENT: string[] = ["pending", "review"];
/** Stripe must have a payment for these. */
const WITH_PAYMENT: string[] = ["completed", "authorized"];

/** Whether Stripe has to be asked about a transaction, and under which id; `none` when it must have a payment and we have no
 *  id of it. */
export function paymentToLookUp(ours: Transaction): { id: string } | "none" | undefined {
  const { status, processor_reference: id } = ours;
  if (isElsewhere(ours)) return undefined;
  if (WITHOUT_PAYMENT.includes(status)) return undefined;
  if (id?.startsWith("pi_")) return { id };
  return WITH_PAYMENT.includes(status) ? "none" : undefined;
}

/** The same for a refund of a transaction. */
export function refundToLookUp(
  transaction: Transaction,
  ours: OurRefund,
): { id: string } | "none" | undefined {
  if (isElsewhere(transaction)) return undefined;
  const { status, processor_reference: id } = ours;
  if (id !== undefined) return { id };
  return status === "succeeded" ? "none" : undefined;
}

/** Whether a payment was made with another processor. */
function isElsewhere({ processor }: Transaction): boolean {
  return processor !== undefined && processor !== "stripe";
}

/** @param intent the PaymentIntent that the transaction names; undefined when Stripe has none */
export function comparePayment(ours: Transaction, intent: PaymentIntent | undefined): Difference[] {
  const about: About = {
    transaction_id: ours.id,
    refund_id: null,
    processor_reference: ours.processor_reference ?? null,
  };
  if (!intent || intent.metadata?.transaction_id !== ours.id) {
    const theirs = intent ? `payment of ${intent.metadata?.transaction_id ?? "nothing"}` : null;
    return [{ kind: "missing_there", ...about, ours: ours.status, theirs }];
  }
  if (intent.status === "succeeded") return [];
  if (!FITTING[ours.status]?.includes(intent.status)) {
    return [{ kind: "state", ...about, ours: ours.status, theirs: intent.status }];
  }
  if (intent.currency.toUpperCase() !== ours.currency) {
    const currencies = { ours: ours.currency, theirs: intent.currency.toUpperCase() };
    return [{ kind: "currency", ...about, ...currencies }];
  }
  const minor = fromStripeAmount(intent.amount, intent.currency);
  if (minor === ours.amount_minor) return [];
  const amounts = {
    ours: formatMinor(ours.amount_minor, ours.currency),
    theirs: formatMinor(minor, intent.currency),
  };
  return [{ kind: "amount", ...about, ...amounts }];
}

/** @param refund the refund that ours names; undefined when Stripe has none */
export function compareOwnRefund(ours: OurRefund, refund: Refund | undefined): Difference[] {
  const about: About = {
    transaction_id: ours.transaction_id,
    refund_id: ours.id,
    processor_reference: ours.processor_reference ?? null,
  };
  if (!refund) return [{ kind: "missing_there", ...about, ours: ours.status, theirs: null }];
  if (refund.balance_transaction) return [];
  const theirs = toOurState(refund.status);
  return theirs === ours.status ? [] : [{ kind: "state", ...about, ours: ours.status, theirs }];
}
