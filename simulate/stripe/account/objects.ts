// The objects of Stripe's API of which the stand-in keeps copies: the members that an integration needs, by their names in
// API 2026-10-28.endive.
import type Stripe from "stripe";

export const API_VERSION = "2026-10-28.endive";

/** An object with ids where Stripe would have objects when asked to expand them. */
type Flat<Type, Names extends keyof Type> = { -readonly [Name in Names]: Id<Type[Name]> };
type Id<Value> = string extends Value ? Exclude<Value, object> : Value;

export type PaymentIntent = Flat<
  Stripe.PaymentIntent,
  | "id"
  | "object"
  | "amount"
  | "amount_capturable"
  | "amount_received"
  | "canceled_at"
  | "cancellation_reason"
  | "capture_method"
  | "client_secret"
  | "confirmation_method"
  | "created"
  | "currency"
  | "customer"
  | "description"
  | "latest_charge"
  | "livemode"
  | "metadata"
  | "payment_method"
  | "payment_method_types"
  | "status"
> & {
  last_payment_error: object | null;
  next_action: object | null;
};

export type Charge = Flat<
  Stripe.Charge,
  | "id"
  | "object"
  | "amount"
  | "amount_captured"
  | "amount_refunded"
  | "balance_transaction"
  | "captured"
  | "created"
  | "currency"
  | "customer"
  | "disputed"
  | "failure_code"
  | "failure_message"
  | "livemode"
  | "metadata"
  | "paid"
  | "payment_intent"
  | "payment_method"
  | "refunded"
  | "status"
>;

export type Refund = Flat<
  Stripe.Refund,
  | "id"
  | "object"
  | "amount"
  | "balance_transaction"
  | "charge"
  | "created"
  | "currency"
  | "metadata"
  | "payment_intent"
  | "reason"
  | "status"
> & { failure_reason?: string; failure_balance_transaction?: string };

export type BalanceTransaction = Flat<
  Stripe.BalanceTransaction,
  | "id"
  | "object"
  | "amount"
  | "available_on"
  | "created"
  | "currency"
  | "description"
  | "exchange_rate"
  | "fee"
  | "net"
  | "reporting_category"
  | "source"
  | "status"
  | "type"
> & { fee_details: Stripe.BalanceTransaction["fee_details"] };

export type Dispute = Flat<
  Stripe.Dispute,
  | "id"
  | "object"
  | "amount"
  | "charge"
  | "created"
  | "currency"
  | "is_charge_refundable"
  | "livemode"
  | "metadata"
  | "payment_intent"
  | "reason"
  | "status"
> & {
  balance_transactions: BalanceTransaction[];
  evidence_details: Pick<
    Stripe.Dispute.EvidenceDetails,
    "due_by" | "has_evidence" | "past_due" | "submission_count"
  >;
};

export type Event = {
  id: string;
  object: "event";
  api_version: string;
  created: number;
  data: { object: object };
  livemode: boolean;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: string;
};

export type AnyObject = PaymentIntent | Charge | Refund | BalanceTransaction | Dispute | Event;
export type Kind = AnyObject["object"];
export type OfKind<Name extends Kind> = Extract<AnyObject, { object: Name }>;

/** How the ids of each kind begin. */
export const PREFIXES: Record<Kind, string> = {
  payment_intent: "pi",
  charge: "ch",
  refund: "re",
  balance_transaction: "txn",
  dispute: "dp",
  event: "evt",
};
