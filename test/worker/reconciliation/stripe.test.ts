/** The reconciliation: planted differences of every kind are named, and nothing else is. */
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { ReconciliationPage } from "../../../src/api/reconciliation/schemas";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import type { Difference } from "../../../src/processor/stripe/reconciliation/difference";
import { type Client, newClient } from "../../support/api";
import { ask, type Bindings, expectRefusal } from "../../support/contract";
import { env } from "../../support/env";
import { ownerOf } from "../../support/owner";
import { atStripe, pay, refund, reportAbout, steer } from "../../support/stripe-shop";

const PATH = "/api/v1/operations/reconciliation/stripe";
const SETTINGS: Bindings = { PROCESSOR: "stripe", STRIPE_SECRET_KEY: "sk_test_for_tests" };

type Page = {
  data: Difference[];
  compared: Record<string, number>;
  has_more: boolean;
  next_cursor: string | null;
};

let shop: Client;
let fromMs = 0;
beforeAll(async () => {
  await steer("settings", { later_ms: null });
  shop = await newClient();
  // Stripe's times have whole seconds.
  fromMs = Math.floor(Date.now() / 1_000) * 1_000;
});

/** Asks the processor again only minutes later, long after the test. */
const postpone = (id: string) =>
  runInDurableObject(ownerOf(id), (_, { storage }) => {
    const later = "UPDATE charges SET next_attempt_at_ms = next_attempt_at_ms + 200000";
    storage.sql.exec(`${later} WHERE transaction_id = ?`, id);
  });

const rangeOf = (from = fromMs, to = Date.now() + 60_000) =>
  `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
const get = (query: string, bindings: Bindings = {}) =>
  ask(`${PATH}?${query}`, { key: env.ADMIN_TOKEN, env: { ...SETTINGS, ...bindings } });

/** All pages of a range. */
async function reconcile(limit = 7, range = rangeOf()) {
  const found: Difference[] = [];
  const compared = { balance_transactions: 0, payments: 0, refunds: 0 };
  let cursor = "";
  for (let pages = 0; pages < 100; pages++) {
    const response = await get(`${range}&limit=${limit}${cursor && `&cursor=${cursor}`}`);
    expect(response.status).toBe(200);
    const page = (await response.json()) as Page;
    // A schema drops what it does not know, so an equal result means that nothing else was sent.
    expect(ReconciliationPage.parse(page)).toEqual(page);
    found.push(...page.data);
    for (const name of ["balance_transactions", "payments", "refunds"] as const) {
      expect(page.compared[name]).toBeLessThanOrEqual(limit);
      compared[name] += page.compared[name] ?? 0;
    }
    expect(page.has_more).toBe(page.next_cursor !== null);
    if (page.next_cursor === null) return { found, compared };
    cursor = page.next_cursor;
  }
  throw new Error("the pages do not end");
}

const referenceOf = (of: { processor_reference?: string }) => of.processor_reference ?? "";

/** The balance transaction of a payment. */
async function balanceOf(payment: Transaction): Promise<string> {
  const { latest_charge } = await atStripe<{ latest_charge: string }>(
    `payment_intents/${referenceOf(payment)}`,
  );
  const charge = await atStripe<{ balance_transaction: string }>(`charges/${latest_charge}`);
  return charge.balance_transaction;
}

const chargeOf = async (payment: Transaction): Promise<string> =>
  (await atStripe<{ latest_charge: string }>(`payment_intents/${referenceOf(payment)}`))
    .latest_charge;

const edit = (id: string, members: object) => steer(`objects/${id}/edit`, members);

/** Payments and refunds of every kind, all of them recorded. */
async function makeClean() {
  const other = await newClient();
  const paid = await pay(shop);
  await refund(shop, paid.id, "2.50");
  await refund(shop, paid.id, "1.00");
  await pay(other);
  await pay(other, "pm_card_visa", { amount: 1000, currency: "JPY" });
  await pay(other, "pm_card_chargeDeclined");
  const held = await pay(shop, "pm_card_visa", { capture_method: "manual" });
  const captured = await pay(shop, "pm_card_visa", { capture_method: "manual" });
  expect((await shop.capture(captured.id, "7.00")).status).toBe(200);
  const voided = await pay(shop, "pm_card_visa", { capture_method: "manual" });
  expect((await shop.cancel(voided.id)).status).toBe(200);
  await shop.created({ payment_method: "pm_card_visa" });
  const waiting = await pay(shop, "pm_card_authenticationRequired", {
    return_url: "https://shop.example.com/thanks",
  });
  expect(waiting.status).toBe("requires_action");
  const failing = await pay(shop, "pm_card_refundFail");
  const back = await refund(shop, failing.id, "3.00");
  await steer(`refunds/${referenceOf(back)}/fail`);
  expect(await reportAbout("refund.failed", referenceOf(back))).toBe("recorded");
  const atDashboard = await atStripe<{ id: string }>("refunds", {
    payment_intent: referenceOf(paid),
    amount: "100",
  });
  expect(await reportAbout("refund.created", atDashboard.id)).toBe("recorded");
  await steer("disputes", { payment_intent: referenceOf(captured) });
  return { held, captured };
}

describe("a reconciliation", () => {
  it("Books that agree have no difference, with every size of a page", async () => {
    await makeClean();
    const first = await reconcile(1);
    expect(first.found).toEqual([]);
    expect(first.compared).toEqual({ balance_transactions: 11, payments: 10, refunds: 4 });
    for (const limit of [2, 3, 20, 50]) expect(await reconcile(limit)).toEqual(first);
  });

  it("A range has what was created in it: its end is exclusive", async () => {
    const past = await reconcile(20, rangeOf(fromMs - 86_400_000, fromMs));
    expect(past).toEqual({
      found: [],
      compared: { balance_transactions: 0, payments: 0, refunds: 0 },
    });
  });

  it("Every planted difference is named, and nothing else", async () => {
    const planted: Difference[] = [];
    const plant = (difference: Partial<Difference> & Pick<Difference, "kind">) =>
      planted.push({
        ...{ transaction_id: null, refund_id: null, processor_reference: null },
        ...{ ours: null, theirs: null },
        ...difference,
      });
    const about = (payment: Transaction) => ({
      transaction_id: payment.id,
      processor_reference: referenceOf(payment),
    });

    const foreign = await atStripe<{ id: string }>("payment_intents", {
      ...{ amount: "4200", currency: "usd", confirm: "true", payment_method: "pm_card_visa" },
      "automatic_payment_methods[enabled]": "true",
      "automatic_payment_methods[allow_redirects]": "never",
    });
    plant({ kind: "missing_here", processor_reference: foreign.id, theirs: "4200 USD" });

    const unreported = await pay(shop);
    const unknown = await atStripe<{ id: string }>("refunds", {
      payment_intent: referenceOf(unreported),
      amount: "150",
    });
    plant({
      kind: "missing_here",
      transaction_id: unreported.id,
      processor_reference: unknown.id,
      theirs: "150 USD",
    });

    const twice = await pay(shop);
    const second = await atStripe<{ id: string }>("payment_intents", {
      ...{ amount: "1250", currency: "usd", confirm: "true", payment_method: "pm_card_visa" },
      "automatic_payment_methods[enabled]": "true",
      "automatic_payment_methods[allow_redirects]": "never",
      "metadata[transaction_id]": twice.id,
    });
    plant({
      kind: "missing_here",
      transaction_id: twice.id,
      processor_reference: second.id,
      ours: referenceOf(twice),
      theirs: "1250 USD",
    });

    const less = await pay(shop);
    await edit(await chargeOf(less), { amount_captured: 1200 });
    plant({ kind: "amount", ...about(less), ours: "1250 USD", theirs: "1200 USD" });

    const elsewhere = await pay(shop);
    await edit(await chargeOf(elsewhere), { currency: "eur" });
    plant({ kind: "currency", ...about(elsewhere), ours: "USD", theirs: "EUR" });

    const costly = await pay(shop);
    await edit(await balanceOf(costly), { fee: 99 });
    plant({
      kind: "fee",
      ...about(costly),
      processor_reference: await balanceOf(costly),
      ours: "fee 66, net 1151 USD",
      theirs: "fee 99, net 1184 USD",
    });

    const waiting = await pay(shop, "pm_card_authenticationRequired", {
      return_url: "https://shop.example.com/thanks",
    });
    await postpone(waiting.id);
    await steer(`payment_intents/${referenceOf(waiting)}/complete`);
    plant({ kind: "state", ...about(waiting), ours: "requires_action", theirs: "succeeded" });

    const released = await pay(shop, "pm_card_visa", { capture_method: "manual" });
    await atStripe(`payment_intents/${referenceOf(released)}/cancel`, {});
    plant({ kind: "state", ...about(released), ours: "authorized", theirs: "canceled" });

    const gone = await pay(shop, "pm_card_visa", { capture_method: "manual" });
    await steer(`objects/${referenceOf(gone)}/remove`);
    plant({ kind: "missing_there", ...about(gone), ours: "authorized" });

    const returned = await pay(shop, "pm_card_refundFail");
    const back = await refund(shop, returned.id, "3.00");
    await steer(`refunds/${referenceOf(back)}/fail`);
    plant({
      kind: "state",
      transaction_id: returned.id,
      refund_id: back.id,
      processor_reference: referenceOf(back),
      ours: "succeeded",
      theirs: "failed",
    });

    const smaller = await refund(shop, twice.id, "1.00");
    await edit(referenceOf(smaller), { amount: 99 });
    plant({
      kind: "amount",
      transaction_id: twice.id,
      refund_id: smaller.id,
      processor_reference: referenceOf(smaller),
      ours: "100 USD",
      theirs: "99 USD",
    });

    const sort = (all: Difference[]) => all.map((one) => JSON.stringify(sorted(one))).sort();
    for (const limit of [3, 50]) {
      const { found } = await reconcile(limit);
      expect(sort(found)).toEqual(sort(planted));
    }
    // Nothing was changed: neither here nor there.
    expect(await shop.find(waiting.id)).toMatchObject({ status: "requires_action" });
    expect(await shop.find(less.id)).toEqual(less);
  });
});

const sorted = (one: object) => Object.fromEntries(Object.entries(one).sort());

describe("a request", () => {
  it("A range, a limit or a cursor that is not valid is 400", async () => {
    const range = rangeOf();
    const { next_cursor } = (await (await get(`${range}&limit=1`)).json()) as Page;
    const wrong = [
      "",
      "from=2026-11-22T00:00:00Z",
      "from=2026-11-22T00:00:00Z&to=2026-11-22T00:00:00Z",
      "from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z",
      "from=yesterday&to=today",
      `${range}&limit=0`,
      `${range}&limit=51`,
      `${range}&limit=1e1`,
      `${range}&more=1`,
      `${range}&cursor=x`,
      `${range}&cursor=${"A".repeat(401)}`,
      // Of another range.
      `${rangeOf(0)}&cursor=${next_cursor}`,
    ];
    for (const query of wrong) await expectRefusal(await get(query), "invalid_request", query);
  });

  it("It needs the admin token", async () => {
    const query = `${PATH}?${rangeOf()}`;
    for (const key of [shop.key, env.METRICS_TOKEN, ""]) {
      await expectRefusal(await ask(query, { key, env: SETTINGS }), "admin_token_invalid");
    }
  });

  it("It is 404 where the processor is not Stripe", async () => {
    await expectRefusal(await get(rangeOf(), { PROCESSOR: "sandbox" }), "not_found");
  });

  it("It is 503 while Stripe fails, and the same page can be requested again", async () => {
    for (const fault of ["failed", "cut", "rate_limited"]) {
      await steer("faults", { match: "balance_transactions", fault, times: 1 });
      await expectRefusal(await get(rangeOf()), "unavailable", fault);
    }
    expect((await get(rangeOf())).status).toBe(200);
  });
});
