/** The reconciliation of payments at Stripe: in a correct world it finds nothing, and each fault that is planted by name. */
import { expect, it } from "vitest";
import { makePlan } from "../simulate/plan/plan";
import { checkLife } from "../simulate/reconcile/life";
import { reconcileStripe } from "../simulate/reconcile/stripe";
import { Account } from "../simulate/stripe/account/account";
import { closeDispute, openDispute } from "../simulate/stripe/account/disputes";
import { createIntent } from "../simulate/stripe/account/payment-intents";
import { createRefund } from "../simulate/stripe/account/refunds";
import { readForm } from "../simulate/stripe/http/form";
import type { MerchantView, Refund, Transaction, TransactionEvent, World } from "../simulate/world";
import { at } from "./support/simulate/look";

const PAID = "txn_paid";
const DISPUTED = "txn_disputed";

type StripeWorld = World & { stripe: NonNullable<World["stripe"]> };

/** Two payments at the stand-in, of which one is refunded by us and at the dashboard, and the other one is disputed. */
function correctWorld(): StripeWorld {
  const account = new Account({ seed: "1", livemode: false, onEvent: () => {} });
  account.later_ms = null;
  const pay = (id: string) =>
    createIntent(
      account,
      readForm(
        `amount=1000&currency=eur&confirm=true&payment_method=pm_card_visa&metadata[transaction_id]=${id}`,
      ),
    );
  const refund = (more: string) =>
    createRefund(account, readForm(`payment_intent=${paid.id}&${more}`));
  const [paid, disputed] = [pay(PAID), pay(DISPUTED)];
  const ours = refund("amount=300&metadata[refund_id]=rfd_1");
  const foreign = refund("amount=100");
  const { id: dispute } = openDispute(account, disputed.id, {});
  closeDispute(account, dispute, "won");
  const transactionOf = (id: string, reference: string): Transaction => ({
    ...{ id, idempotency_key: id, user_id: "u", amount_minor: 1_000, currency: "EUR" },
    ...{ status: "completed", fraud_score: 0, failure: null, description: null, metadata: {} },
    risk: { decision: "allow", reasons: [], signals: {} },
    ...{ webhook_url: null, version: 3, created_at: "", updated_at: "" },
    ...{ capture_method: "automatic", amount_captured_minor: 1_000, amount_refunded_minor: 0 },
    processor_reference: reference,
  });
  const refundOf = (id: string, key: string, reference: string, amount_minor: number): Refund => ({
    ...{ id, idempotency_key: key, transaction_id: PAID, amount_minor, currency: "EUR" },
    ...{ status: "succeeded", reason: null, metadata: {}, failure: null },
    ...{ processor_reference: reference, created_at: "", updated_at: "" },
  });
  const transactions = [
    transactionOf(PAID, paid.id),
    {
      ...transactionOf(DISPUTED, disputed.id),
      dispute: { id: dispute, status: "won", amount_minor: 1_000 },
    },
  ];
  const refunds = [
    refundOf("rfd_1", "refund-1", ours.id, 300),
    refundOf("rfd_2", `processor:${foreign.id}`, foreign.id, 100),
  ];
  const claim = { type: "transaction.processing" } as TransactionEvent;
  const merchant = {
    ...{ id: "mer_1", endpoints: [], own: { log: new Map() }, feed: [{ ...claim, id: "evt_1" }] },
    exact: new Map(transactions.map((one) => [one.id, one])),
    logs: new Map(transactions.map(({ id }) => [id, [claim]])),
    refunds: new Map([[PAID, refunds]]),
  } as unknown as MerchantView; // Only what is compared with Stripe.
  return {
    merchants: [merchant],
    kafka: { records: [], failed: 0, refused: [] },
    stripe: {
      intents: account.all("payment_intent"),
      charges: account.all("charge"),
      refunds: account.all("refund"),
      disputes: account.all("dispute"),
      balance: account.all("balance_transaction"),
    },
  } as unknown as StripeWorld; // Only what is compared with Stripe.
}

const merchantOf = (world: World) => at(world.merchants, 0);
const transactionOf = (world: World, id: string) => {
  const found = merchantOf(world).exact.get(id);
  if (!found) throw new Error(`there is no ${id}`);
  return found;
};
const refundsOf = (world: World) => merchantOf(world).refunds.get(PAID) ?? [];

const textsOf = (world: World) => reconcileStripe(world).map(({ text }) => text);

it("The reconciliation with Stripe finds no difference in a correct world", () => {
  expect(textsOf(correctWorld())).toEqual([]);
});

const FAULTS: Record<string, { named: string; plant(world: StripeWorld): void }> = {
  "a payment that was made twice": {
    named: "txn_paid has 2 PaymentIntents",
    plant: ({ stripe }) => stripe.intents.push({ ...at(stripe.intents, 1), id: "pi_again" }),
  },
  "a payment that nobody claimed": {
    named: "no one claimed pi_foreign",
    plant: ({ stripe }) =>
      stripe.intents.push({ ...at(stripe.intents, 1), id: "pi_foreign", metadata: {} }),
  },
  "a payment that Stripe does not have": {
    named: "txn_paid has no PaymentIntent",
    plant: ({ stripe }) => stripe.intents.pop(),
  },
  "a charge without a claim": {
    named: "txn_paid was charged without a claim",
    plant: (world) => merchantOf(world).logs.set(PAID, []),
  },
  "another amount": {
    named: "txn_paid has the amount_minor 999, at Stripe 1000",
    plant: (world) => {
      transactionOf(world, PAID).amount_minor = 999;
    },
  },
  "another status": {
    named: "txn_paid has the status failed, at Stripe completed",
    plant: (world) => {
      transactionOf(world, PAID).status = "failed";
    },
  },
  "another payment's reference": {
    named: "txn_paid has the processor_reference pi_other",
    plant: (world) => {
      transactionOf(world, PAID).processor_reference = "pi_other";
    },
  },
  "a refund that is missing here": {
    named: "txn_paid has no refund for re_",
    plant: (world) => refundsOf(world).pop(),
  },
  "a refund that is missing there": {
    named: "txn_paid has rfd_1, Stripe has not",
    plant: ({ stripe }) => stripe.refunds.pop(),
  },
  "a refund that was made twice": {
    named: "txn_paid has a refund twice at Stripe",
    plant: ({ stripe }) => stripe.refunds.push({ ...at(stripe.refunds, 1), id: "re_again" }),
  },
  "a refund that has failed at Stripe": {
    named: "txn_paid has rfd_1: 300 succeeded, at Stripe 300 failed",
    plant: ({ stripe }) => {
      at(stripe.refunds, 1).status = "failed";
    },
  },
  "a dispute that was not recorded": {
    named: "txn_disputed has the dispute none",
    plant: (world) => {
      delete transactionOf(world, DISPUTED).dispute;
    },
  },
  "a dispute that ended otherwise": {
    named: "txn_disputed has the dispute dp_",
    plant: ({ stripe }) => {
      at(stripe.disputes, 0).status = "lost";
    },
  },
  "a payment method in an event": {
    named: "an event has pm_card_visa",
    plant: (world) => {
      at(merchantOf(world).feed, 0).type = "pm_card_visa";
    },
  },
  "money that nothing explains": {
    named: "the balance is",
    plant: ({ stripe }) => {
      at(stripe.balance, stripe.balance.length - 1).amount += 1;
    },
  },
};

it.each(Object.entries(FAULTS))(
  "The reconciliation with Stripe finds %s",
  (_, { named, plant }) => {
    const world = correctWorld();
    plant(world);
    expect(textsOf(world)).toContainEqual(expect.stringContaining(named));
  },
);

it("A plan with Stripe has every story of Stripe, and payment methods in place of outcomes", () => {
  const options = { seed: "7", transactions: 400, merchants: 2, customers: 200, chaos: false };
  const { orders } = makePlan({ ...options, processor: "stripe" });
  const customers = new Set(orders.map(({ customer }) => customer));
  expect([...customers].sort()).toEqual(["completes", "fails", "leaves", null]);
  expect(orders.every(({ body }) => body.payment_method?.startsWith("pm_card_"))).toBe(true);
  expect(orders.some(({ currency }) => currency === "KWD")).toBe(false);
  expect(
    makePlan({ ...options, processor: "http" }).orders.some(({ body }) => body.return_url),
  ).toBe(false);
});

/** A log of events of these types, whose data is as little as is looked at. */
function logOf(...types: string[]): TransactionEvent[] {
  const statuses: Record<string, string> = {
    created: "pending",
    processing: "processing",
    requires_action: "requires_action",
    completed: "completed",
    action_expired: "cancelled",
  };
  return types.map((name, index) => ({
    ...{ id: `evt_a_${index + 1}`, type: `transaction.${name}`, sequence: index + 1 },
    ...{ transaction_id: "txn_a", created_at: "2026-01-01T00:00:00Z" },
    data: {
      ...{ id: "txn_a", status: statuses[name], version: index + 1, amount_minor: 5 },
      ...{ amount_captured_minor: name === "completed" ? 5 : 0, amount_refunded_minor: 0 },
      capture_method: "automatic",
      ...(name === "processing" && types[index + 1] === "action_expired"
        ? {
            pending_operation: { type: "void", reason: "action_expired" },
            action_expires_at: "2026-01-01T00:01:00Z",
          }
        : {}),
    } as unknown as Transaction, // As much as a life is made of.
  }));
}

const livesOf = (...types: string[]) => {
  const log = logOf(...types);
  return checkLife(log.at(-1)?.data as Transaction, log);
};

it("A life with an action goes on by a claim, and does not expire before its time", () => {
  const begun = ["created", "processing", "requires_action"];
  expect(livesOf(...begun, "processing", "completed")).toEqual([]);
  expect(livesOf(...begun, "completed")).toEqual([expect.stringContaining("nothing may become")]);
  expect(livesOf(...begun, "processing", "action_expired")).toEqual([
    "it expired before 2026-01-01T00:01:00Z",
  ]);
});
