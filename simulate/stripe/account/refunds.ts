// Refunds: also those that are pending for a while, and those that fail after they had succeeded.

import { invalid, notNow } from "../http/errors.ts";
import { type Form, Params } from "../http/form.ts";
import type { Account } from "./account.ts";
import { moveMoney } from "./charges.ts";
import type { Charge, Refund } from "./objects.ts";
import { refundsOf } from "./payment-intents.ts";

const CREATE = ["payment_intent", "charge", "amount", "reason", "metadata", "expand"];
const REASONS = ["requested_by_customer", "duplicate", "fraudulent"] as const;
const FAILURE = "expired_or_canceled_card";

function chargeOf(account: Account, params: Params): Charge {
  const charge_id = params.text("charge");
  if (charge_id !== null) return account.get("charge", charge_id, "charge");
  const intent = account.get("payment_intent", params.needed("payment_intent"), "payment_intent");
  if (intent.status === "succeeded") return account.get("charge", String(intent.latest_charge));
  throw notNow(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`, {
    param: "payment_intent",
  });
}

function setRefunded(charge: Charge, change: number): void {
  charge.amount_refunded += change;
  charge.refunded = charge.amount_refunded === charge.amount;
}

export function createRefund(account: Account, form: Form): Refund {
  const params = new Params(form, CREATE);
  const wanted = params.whole("amount");
  if (wanted !== null && wanted < 1) throw invalid("Invalid positive integer", { param: "amount" });
  const charge = chargeOf(account, params);
  const left = charge.amount - charge.amount_refunded;
  const { id: charge_id, currency } = charge;
  if (charge.disputed)
    throw notNow("The charge has been charged back", { code: "charge_disputed" });
  if (left === 0) {
    const message = `Charge ${charge_id} has already been refunded.`;
    throw notNow(message, { code: "charge_already_refunded" });
  }
  const amount = wanted ?? left;
  if (amount > left) {
    const message = `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`;
    throw notNow(message, { param: "amount" });
  }
  const intent = account.get("payment_intent", String(charge.payment_intent));
  const course = refundsOf(intent);
  const id = account.newId("refund");
  const moved = {
    amount: -amount,
    currency,
    type: "refund",
    category: "refund",
    source: id,
  } as const;
  const refund = account.add<Refund>({
    id,
    object: "refund",
    amount,
    balance_transaction: moveMoney(account, moved).id,
    charge: charge_id,
    created: account.now(),
    currency,
    metadata: params.metadata(),
    payment_intent: intent.id,
    reason: params.text("reason") === null ? null : params.choice("reason", REASONS),
    status: course === "pending" ? "pending" : "succeeded",
  });
  setRefunded(charge, amount);
  account.emit("refund.created", refund);
  account.emit("charge.refunded", charge);
  if (course === "fails") account.later(() => failRefund(account, id));
  if (course === "pending") account.later(() => finishRefund(account, id));
  return refund;
}

/** A pending refund succeeds; nothing when it has ended. */
export function finishRefund(account: Account, id: string): void {
  const refund = account.get("refund", id);
  if (refund.status !== "pending") return;
  refund.status = "succeeded";
  account.emit("refund.updated", refund);
  account.emit("charge.refund.updated", refund);
}

/** Ends a refund as failed and returns its money to the balance; does nothing when that is done. */
export function failRefund(account: Account, id: string): void {
  const refund = account.get("refund", id);
  if (refund.status === "failed" || refund.status === "canceled") return;
  const { amount, currency } = refund;
  const charge = account.get("charge", String(refund.charge));
  setRefunded(charge, -amount);
  refund.status = "failed";
  refund.failure_reason = FAILURE;
  const moved = {
    amount,
    currency,
    type: "refund_failure",
    category: "refund_failure",
    source: id,
  } as const;
  refund.failure_balance_transaction = moveMoney(account, moved).id;
  for (const type of ["refund.failed", "refund.updated", "charge.refund.updated"])
    account.emit(type, refund);
}
