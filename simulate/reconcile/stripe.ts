// Whether Stripe has each payment, capture and refund that the API has, once, with the same amount and outcome, and no other;
// and whether what only Stripe may see is nowhere else. Pure.
import type { Difference, MerchantView, Refund, StripeView, Transaction, World } from "../world.ts";
import { isForeign } from "./refunds.ts";

type Intent = StripeView["intents"][number];

/** What the states of a PaymentIntent are here. */
function statusOf({ status, capture_method, last_payment_error }: Intent): string {
  switch (status) {
    case "succeeded":
      return "completed";
    case "canceled":
      return last_payment_error ? "failed" : "cancelled"; // A declined one is closed.
    case "requires_payment_method":
      return "failed";
    default:
      return `${status} (${capture_method})`;
  }
}

function checkIntent(intent: Intent, transaction: Transaction): string[] {
  const { amount, currency, capture_method, amount_received } = intent;
  const is = {
    status: statusOf(intent),
    amount_minor: amount,
    currency: currency.toUpperCase(),
    capture_method: capture_method === "manual" ? "manual" : "automatic",
    amount_captured_minor: amount_received,
    processor_reference: intent.id,
  };
  const names = Object.keys(is) as (keyof typeof is)[];
  return names
    .filter((name) => transaction[name] !== is[name])
    .map((name) => `has the ${name} ${transaction[name]}, at Stripe ${is[name]}`);
}

/** @param wasCharged whether the processor must have been called */
function checkPayment(transaction: Transaction, intents: Intent[], wasCharged: boolean): string[] {
  const [intent, ...others] = intents;
  if (others.length > 0) return [`has ${intents.length} PaymentIntents`];
  if (!intent) return wasCharged ? ["has no PaymentIntent"] : [];
  return wasCharged ? checkIntent(intent, transaction) : ["was charged without a claim"];
}

type AtStripe = StripeView["refunds"][number];

function checkRefunds(ours: Refund[], theirs: AtStripe[]): string[] {
  const known = new Map(theirs.map((refund) => [refund.id, refund]));
  const claimed = new Set(ours.map(({ processor_reference }) => processor_reference));
  const twice = theirs.map(({ metadata }) => metadata?.refund_id).filter((id) => id !== undefined);
  return [
    ...(new Set(twice).size < twice.length ? ["has a refund twice at Stripe"] : []),
    ...theirs.filter(({ id }) => !claimed.has(id)).map(({ id }) => `has no refund for ${id}`),
    ...ours.flatMap((refund) => {
      const is = known.get(refund.processor_reference ?? "");
      // One that was declined has nothing at Stripe.
      if (!is) return refund.status === "succeeded" ? [`has ${refund.id}, Stripe has not`] : [];
      const isSame =
        is.amount === refund.amount_minor &&
        is.currency === refund.currency.toLowerCase() &&
        is.status === refund.status &&
        isForeign(refund) === (is.metadata?.refund_id === undefined);
      const theirs = `${is.amount} ${is.status}`;
      return isSame
        ? []
        : [`has ${refund.id}: ${refund.amount_minor} ${refund.status}, at Stripe ${theirs}`];
    }),
  ];
}

const DISPUTE_ENDS: Record<string, string> = { won: "won", lost: "lost", warning_closed: "closed" };

function checkDispute({ dispute }: Transaction, theirs: StripeView["disputes"]): string[] {
  const [is] = theirs;
  const wanted = is ? `${is.id} ${DISPUTE_ENDS[is.status] ?? "open"} ${is.amount}` : "none";
  const recorded = dispute ? `${dispute.id} ${dispute.status} ${dispute.amount_minor}` : "none";
  return recorded === wanted ? [] : [`has the dispute ${recorded}, at Stripe ${wanted}`];
}

/** What must not be in anything that is sent on. */
const SECRET = /pm_(?:card|usBank)\w+|_secret_[A-Za-z]{8}/;

function checkSecrets({ feed, endpoints, own }: MerchantView, kafka: World["kafka"]): string[] {
  const bodies = [...endpoints, own].flatMap(({ log }) => [...log.values()].flat());
  const texts = [
    ...feed.map((event) => JSON.stringify(event)),
    ...bodies.map(({ text }) => text),
    ...kafka.records.map(({ value }) => value.toString()),
  ];
  const found = texts.find((text) => SECRET.test(text));
  return found === undefined ? [] : [`an event has ${SECRET.exec(found)?.[0]}`];
}

/** The balance must be what was captured, less what was returned and what disputes have taken; fees apart. */
function checkBalance({ balance, charges, refunds, disputes }: StripeView): string[] {
  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
  const isMoved = ({ balance_transaction, status }: AtStripe) =>
    balance_transaction !== null && status !== "failed";
  const wanted =
    sum(charges.map(({ amount_captured }) => amount_captured)) -
    sum(refunds.filter(isMoved).map(({ amount }) => amount)) +
    sum(disputes.flatMap((one) => one.balance_transactions.map(({ amount }) => amount)));
  const is = sum(balance.map(({ amount }) => amount));
  return is === wanted ? [] : [`the balance is ${is} and not ${wanted}`];
}

function checkMerchant(merchant: MerchantView, view: StripeView): string[] {
  const intents = Map.groupBy(view.intents, ({ metadata }) => metadata.transaction_id ?? "");
  const money = view.refunds.filter(({ balance_transaction }) => balance_transaction !== null);
  const refunds = Map.groupBy(money, ({ payment_intent }) => String(payment_intent));
  const disputes = Map.groupBy(view.disputes, ({ payment_intent }) => String(payment_intent));
  return [...merchant.exact].flatMap(([id, transaction]) => {
    if (transaction === null) return [];
    const log = merchant.logs.get(id) ?? [];
    const wasCharged = log.some(({ type }) => type === "transaction.processing");
    const own = intents.get(id) ?? [];
    const reference = own[0]?.id ?? "";
    const texts = [
      ...checkPayment(transaction, own, wasCharged),
      ...checkRefunds(merchant.refunds.get(id) ?? [], refunds.get(reference) ?? []),
      ...checkDispute(transaction, disputes.get(reference) ?? []),
    ];
    return texts.map((text) => `${transaction.idempotency_key} ${text}`);
  });
}

/** The differences between the API's payments and Stripe's; none with another processor. */
export function reconcileStripe({ merchants, stripe, kafka }: World): Difference[] {
  if (!stripe) return [];
  const ids = new Set(merchants.flatMap(({ exact }) => [...exact.keys()]));
  const foreign = stripe.intents.filter(({ metadata }) => !ids.has(metadata.transaction_id ?? ""));
  const texts = [
    ...foreign.map(({ id }) => `no one claimed ${id}`),
    ...merchants.flatMap((merchant) => [
      ...checkMerchant(merchant, stripe).map((text) => `${merchant.id} ${text}`),
      ...checkSecrets(merchant, kafka),
    ]),
    ...checkBalance(stripe),
  ];
  return texts.map((text) => ({ area: "stripe", text }));
}
