/** The stand-in for Stripe, through Stripe's own client: what an integration relies on, and what it must survive. */
import Stripe from "stripe";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type StripeStandIn, startStripe } from "../simulate/stripe/server";
import { eventually } from "./support/eventually";
import { startSignedReceiver } from "./support/stripe-receiver";

const WEBHOOK_SECRET = "whsec_for_tests";

let standIn: StripeStandIn;
let stripe: Stripe;

function openClient(secret_key = standIn.secret_key): Stripe {
  const { hostname, port } = new URL(standIn.url);
  return new Stripe(secret_key, {
    ...{ host: hostname, port, protocol: "http" as const },
    // The other client sends a request again when its connection is cut.
    ...{ httpClient: Stripe.createFetchHttpClient(), maxNetworkRetries: 0, telemetry: false },
  });
}

async function control(path: string, body: object = {}): Promise<{ id: string }> {
  const response = await fetch(`${standIn.url}/_control${path}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as { id: string };
}

const charge = (payment_method = "pm_card_visa", more = {}) => ({
  ...{ amount: 1_000, currency: "usd", confirm: true, payment_method },
  metadata: { transaction_id: "txn_a" },
  automatic_payment_methods: { enabled: true, allow_redirects: "never" as const },
  ...more,
});
const REDIRECTED = {
  automatic_payment_methods: { enabled: true },
  return_url: "https://shop.example/back?order=1",
};
const create = (idempotencyKey: string, params: object = {}) =>
  stripe.paymentIntents.create({ ...charge(), ...params }, { idempotencyKey });
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: Stripe.errors.StripeError) => error,
  );
const counts = async () => {
  const [{ data: intents }, { data: charges }] = await Promise.all([
    stripe.paymentIntents.list({ limit: 100 }),
    stripe.charges.list({ limit: 100 }),
  ]);
  return { intents: intents.length, charges: charges.length };
};

beforeEach(async () => {
  standIn = await startStripe();
  stripe = openClient();
});
afterEach(() => standIn.close());

it("The same request under a key is carried out once and answered with the same bytes", async () => {
  const first = await create("key-1");
  const second = await create("key-1");
  expect(first).toMatchObject({ status: "succeeded", amount_received: 1_000, livemode: false });
  expect(second).toEqual(first);
  expect(await counts()).toEqual({ intents: 1, charges: 1 });
});

it("A replay says so in a header, and plain HTTP with Basic authentication works too", async () => {
  const { id } = await create("key-1", { capture_method: "manual" });
  const capture = async () => {
    const response = await fetch(`${standIn.url}/v1/payment_intents/${id}/capture`, {
      method: "POST",
      headers: {
        authorization: `Basic ${btoa(`${standIn.secret_key}:`)}`,
        "idempotency-key": "key-2",
      },
      body: "amount_to_capture=700&expand[]=latest_charge",
    });
    return { text: await response.text(), replayed: response.headers.get("idempotent-replayed") };
  };
  const [first, second] = [await capture(), await capture()];
  expect(JSON.parse(first.text)).toMatchObject({ latest_charge: { amount_captured: 700 } });
  expect(first.replayed).toBeNull();
  expect(second).toEqual({ text: first.text, replayed: "true" });
});

it("Other parameters under a key, or another endpoint, are an idempotency error", async () => {
  const { id } = await create("key-1");
  const other = await errorOf(create("key-1", { amount: 1_001 }));
  expect(other).toMatchObject({ statusCode: 400, rawType: "idempotency_error" });
  const elsewhere = await errorOf(
    stripe.paymentIntents.cancel(id, {}, { idempotencyKey: "key-1" }),
  );
  expect(elsewhere).toMatchObject({ statusCode: 400, rawType: "idempotency_error" });
});

it("The order of parameters does not matter to a key", async () => {
  const { metadata, ...others } = charge();
  const first = await stripe.paymentIntents.create(charge(), { idempotencyKey: "key-1" });
  const params = { metadata, ...others };
  const second = await stripe.paymentIntents.create(params, { idempotencyKey: "key-1" });
  expect(second.id).toBe(first.id);
});

it("A key that is in use answers 409, and afterwards the outcome", async () => {
  await control("/faults", { match: "POST /v1/payment_intents", fault: "slow" });
  const slow = create("key-1");
  await eventually(() => expect(standIn.requests).toHaveLength(1));
  const error = await errorOf(create("key-1"));
  expect(error).toMatchObject({ statusCode: 409, code: "idempotency_key_in_use" });
  const { id } = await slow;
  expect((await create("key-1")).id).toBe(id);
});

it("A failed validation keeps no outcome under its key", async () => {
  const error = await errorOf(create("key-1", { amount: 1 }));
  expect(error).toMatchObject({ statusCode: 400, code: "amount_too_small", param: "amount" });
  expect(await create("key-1")).toMatchObject({ status: "succeeded" });
});

it.each([
  ["failed", 0],
  ["failed_done", 1],
])("A 500 (%s) is replayed under its key, with %d payments made", async (fault, payments) => {
  await control("/faults", { match: "POST", fault });
  expect(await errorOf(create("key-1"))).toMatchObject({ statusCode: 500 });
  expect(await errorOf(create("key-1"))).toMatchObject({ statusCode: 500 });
  expect((await counts()).intents).toBe(payments);
});

it.each([
  ["lost", undefined, 1],
  ["cut", undefined, 0],
  ["rate_limited", 429, 0],
  ["lock_timeout", 429, 0],
  ["conflict", 409, 0],
  ["unavailable", 503, 0],
])("After the fault %s the same key ends in one payment", async (fault, statusCode, payments) => {
  await control("/faults", { match: "POST", fault });
  expect((await errorOf(create("key-1")))?.statusCode).toBe(statusCode);
  expect((await counts()).intents).toBe(payments);
  expect(await create("key-1")).toMatchObject({ status: "succeeded" });
  expect(await counts()).toEqual({ intents: 1, charges: 1 });
});

it("A key is forgotten after a day, and then pays again", async () => {
  await create("key-1");
  await control("/advance", { ms: 86_400_001 });
  await create("key-1");
  expect((await counts()).intents).toBe(2);
});

it("A declined card is an error with the intent, which is replayed under the key", async () => {
  const declined = () =>
    create("key-1", { payment_method: "pm_card_chargeDeclinedInsufficientFunds" });
  const first = await errorOf(declined());
  expect(first).toMatchObject({
    statusCode: 402,
    code: "card_declined",
    decline_code: "insufficient_funds",
  });
  expect(first?.payment_intent).toMatchObject({ status: "requires_payment_method" });
  expect((await errorOf(declined()))?.payment_intent?.id).toBe(first?.payment_intent?.id);
  expect(await counts()).toEqual({ intents: 1, charges: 1 });
});

it("Wrong keys, unknown parameters, methods and objects are refused", async () => {
  expect(await errorOf(openClient("sk_test_wrong").balance.retrieve())).toMatchObject({
    statusCode: 401,
  });
  expect(await errorOf(create("a", { tip: "1" }))).toMatchObject({ code: "parameter_unknown" });
  const method = await errorOf(create("b", { payment_method: "pm_none" }));
  expect(method).toMatchObject({
    code: "resource_missing",
    param: "payment_method",
    statusCode: 400,
  });
  const object = await errorOf(stripe.paymentIntents.retrieve("pi_none"));
  expect(object).toMatchObject({ code: "resource_missing", statusCode: 404 });
});

it("An authorization is captured in part, and the rest shows as a refund that moved no money", async () => {
  const { id } = await create("key-1", { capture_method: "manual" });
  const captured = await stripe.paymentIntents.capture(id, { amount_to_capture: 700 });
  expect(captured).toMatchObject({ status: "succeeded", amount_received: 700 });
  const again = await errorOf(stripe.paymentIntents.capture(id));
  expect(again).toMatchObject({ code: "payment_intent_unexpected_state" });
  expect(again?.payment_intent).toMatchObject({ id, status: "succeeded", amount_received: 700 });
  const { data } = await stripe.refunds.list({ payment_intent: id });
  expect(data).toMatchObject([{ amount: 300, balance_transaction: null, metadata: {} }]);
});

it("An authorization is cancelled once, and what has succeeded is not", async () => {
  const { id } = await create("key-1", { capture_method: "manual" });
  expect(await stripe.paymentIntents.cancel(id)).toMatchObject({ status: "canceled" });
  const again = await errorOf(stripe.paymentIntents.cancel(id));
  expect(again).toMatchObject({ code: "payment_intent_unexpected_state" });
});

it("Refunds never exceed what was captured", async () => {
  const { id } = await create("key-1");
  const refund = (amount: number) => stripe.refunds.create({ payment_intent: id, amount });
  await refund(600);
  expect(await errorOf(refund(401))).toMatchObject({ statusCode: 400, param: "amount" });
  await refund(400);
  expect(await errorOf(refund(1))).toMatchObject({ code: "charge_already_refunded" });
});

it("A refund fails after it has succeeded, and the money is there again", async () => {
  standIn.account.later_ms = 0;
  const { id } = await create("key-1", { payment_method: "pm_card_refundFail" });
  const refund = await stripe.refunds.create({ payment_intent: id });
  expect(refund.status).toBe("succeeded");
  await eventually(async () => {
    expect(await stripe.refunds.retrieve(refund.id)).toMatchObject({ status: "failed" });
  });
  const { data } = await stripe.balanceTransactions.list({ limit: 3 });
  expect(data.map(({ type, amount }) => [type, amount])).toEqual([
    ["refund_failure", 1_000],
    ["refund", -1_000],
    ["charge", 1_000],
  ]);
});

it("The customer authenticates on the page, and is sent back", async () => {
  const params = { payment_method: "pm_card_authenticationRequired", ...REDIRECTED };
  const intent = await create("key-1", params);
  expect(intent.status).toBe("requires_action");
  const url = String(intent.next_action?.redirect_to_url?.url);
  expect(await (await fetch(url)).text()).toContain("Complete authentication");
  const complete = url.replace("?", "/complete?");
  const back = await fetch(complete, { method: "POST", redirect: "manual" });
  expect(back.status).toBe(303);
  expect(back.headers.get("location")).toMatch(
    /^https:\/\/shop\.example\/back\?order=1&payment_intent=pi_/,
  );
  expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe("succeeded");
  expect((await fetch(url)).status).toBe(410);
});

it("Without a return URL a card that needs authentication is declined", async () => {
  const params = {
    payment_method: "pm_card_authenticationRequired",
    error_on_requires_action: true,
  };
  const error = await errorOf(create("key-1", params));
  expect(error).toMatchObject({ statusCode: 402, code: "authentication_required" });
});

it("A search finds a payment by its metadata after a delay", async () => {
  await control("/settings", { search_delay_ms: 60_000 });
  const { id } = await create("key-1", { metadata: { transaction_id: "txn_b" } });
  const search = () =>
    stripe.paymentIntents.search({ query: "metadata['transaction_id']:'txn_b'" });
  expect((await search()).data).toEqual([]);
  await control("/advance", { ms: 60_000 });
  expect((await search()).data.map((one) => one.id)).toEqual([id]);
});

it("Balance transactions are listed page by page with their sources", async () => {
  for (let at = 0; at < 5; at++) await create(`key-${at}`);
  const params = { limit: 2, created: { gte: 0 }, expand: ["data.source"] };
  const all = await stripe.balanceTransactions.list(params).autoPagingToArray({ limit: 100 });
  expect(all).toHaveLength(5);
  for (const { amount, fee, net, source } of all) {
    expect(net).toBe(amount - fee);
    expect(source).toMatchObject({ object: "charge", amount: 1_000 });
  }
});

it("Events are signed, delivered again until they are accepted, and come twice when asked to", async () => {
  const receiver = await startSignedReceiver(WEBHOOK_SECRET, 1);
  standIn.webhooks.manner = { seed: "1", twice: 1, late: 0.5, late_ms: 20, retry_ms: 10 };
  try {
    await control("/webhooks", { url: receiver.url, secret: WEBHOOK_SECRET });
    await create("key-1");
    await eventually(() => expect(standIn.webhooks.pending).toBe(0));
    const types = receiver.events.map(({ type }) => type).sort();
    expect(types).toEqual(
      ["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"].flatMap((type) => [
        type,
        type,
      ]),
    );
    expect(receiver.refused).toBe(1);
    expect(receiver.events[0]?.request?.idempotency_key).toBe("key-1");
  } finally {
    await receiver.close();
  }
});

it("A dispute takes the money at once, and gives it back when it is won", async () => {
  const { id } = await create("key-1");
  const dispute = await control("/disputes", {
    payment_intent: id,
    reason: "product_not_received",
  });
  const refund = await errorOf(stripe.refunds.create({ payment_intent: id }));
  expect(refund).toMatchObject({ code: "charge_disputed" });
  await control(`/disputes/${dispute.id}/close`, { status: "won" });
  const { data } = await stripe.events.list({ limit: 100 });
  expect(data.map(({ type }) => type).filter((type) => type.includes("dispute"))).toEqual([
    "charge.dispute.closed",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.created",
  ]);
});

it("A restart of the server loses neither objects nor keys", async () => {
  const { id } = await create("key-1");
  await standIn.pause();
  expect(await errorOf(create("key-1"))).toMatchObject({ type: "StripeConnectionError" });
  await standIn.resume();
  expect((await create("key-1")).id).toBe(id);
  expect((await counts()).intents).toBe(1);
});

it("The same seed cuts the same attempts of the same keys", async () => {
  const other = await startStripe();
  try {
    const drawn = (of: StripeStandIn) => {
      of.faults.shares = { lost: 0.1, rate_limited: 0.05, conflict: 0.05 };
      return Array.from({ length: 400 }, (_, at) =>
        of.faults.next({ method: "POST", path: "/v1/refunds", body: "", key: `key-${at}` }),
      );
    };
    const faults = drawn(standIn);
    expect(drawn(other)).toEqual(faults);
    expect(faults.filter((fault) => fault === "lost").length).toBeGreaterThan(20);
    expect(faults.filter((fault) => fault !== null).length).toBeLessThan(120);
  } finally {
    other.close();
  }
});
