// Charges and the balance transactions of all that moves money.
import type { Account } from "./account.ts";
import type { BalanceTransaction, Charge, PaymentIntent } from "./objects.ts";
import type { Decline } from "./payment-methods.ts";

/** 2.9 % and 30 cents. */
const FEE_PER_1000 = 29;
const FEE_FIXED = 30;
const AVAILABLE_AFTER_S = 172_800;

type Moved = {
  amount: number;
  currency: string;
  fee?: number;
  type: BalanceTransaction["type"];
  category: string;
  source: string;
};

/** Records that money has moved; `amount` is negative when it has left the account. */
export function moveMoney(account: Account, moved: Moved): BalanceTransaction {
  const { amount, currency, fee = 0, type, category, source } = moved;
  const description = "Stripe processing fees";
  const details = { amount: fee, application: null, currency, description, type: "stripe_fee" };
  return account.add({
    id: account.newId("balance_transaction"),
    object: "balance_transaction",
    amount,
    available_on: account.now() + AVAILABLE_AFTER_S,
    created: account.now(),
    currency,
    description: null,
    exchange_rate: null,
    fee,
    fee_details: fee === 0 ? [] : [details],
    net: amount - fee,
    reporting_category: category,
    source,
    status: "pending",
    type,
  });
}

/** A charge of an intent: declined, held or captured. */
export function addCharge(account: Account, intent: PaymentIntent, decline?: Decline): Charge {
  const isHeld = intent.capture_method === "manual";
  const charge = account.add<Charge>({
    id: account.newId("charge"),
    object: "charge",
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    balance_transaction: null,
    captured: false,
    created: account.now(),
    currency: intent.currency,
    customer: intent.customer,
    disputed: false,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    livemode: intent.livemode,
    metadata: { ...intent.metadata },
    paid: !decline,
    payment_intent: intent.id,
    payment_method: intent.payment_method,
    refunded: false,
    status: decline ? "failed" : "succeeded",
  });
  if (!decline && !isHeld) captureCharge(account, charge, charge.amount);
  account.emit(decline ? "charge.failed" : "charge.succeeded", charge);
  return charge;
}

/** Takes `amount` of a held charge; the rest is released, which Stripe shows as a refund of it. */
export function captureCharge(account: Account, charge: Charge, amount: number): void {
  charge.captured = true;
  charge.amount_captured = amount;
  const { id, currency } = charge;
  const fee = Math.round((amount * FEE_PER_1000) / 1_000) + FEE_FIXED;
  const moved = { amount, currency, fee, type: "charge", category: "charge", source: id } as const;
  charge.balance_transaction = moveMoney(account, moved).id;
}

/** Releases money that was held: a refund without a balance transaction, because none has moved. */
export function releaseHeld(account: Account, charge: Charge, amount: number): void {
  if (amount === 0) return;
  charge.amount_refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount;
  account.add({
    id: account.newId("refund"),
    object: "refund",
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: account.now(),
    currency: charge.currency,
    metadata: {},
    payment_intent: charge.payment_intent,
    reason: null,
    status: "succeeded",
  });
  account.emit("charge.refunded", charge);
}
