/** The TypeScript client inside workerd, against the Worker with real objects and D1. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPERATIONS } from "../../../clients/typescript/src/generated/operations";
import {
  type Fetch,
  getResponse,
  Payments,
  PaymentsError,
  verifyWebhook,
} from "../../../clients/typescript/src/index";
import { BASE, freshKey, newClient } from "../../support/api";
import { completed, newEraser } from "../../support/erasure/erasing";
import { eventually } from "../../support/eventually";
import { ownerOf } from "../../support/owner";
import { arrivals, receiverUrl } from "../../support/webhooks-api";

const BODY = { user_id: "user_1", amount: "100.50", currency: "USD" };
const RETURN_URL = "https://shop.example/orders/1001";
const RULES = { rules: [], review_score: 50 };

/** Method and path of the requests that were sent. */
const sent: string[] = [];
const throughWorker: Fetch = (url, init) => {
  sent.push(`${init.method} ${new URL(url).pathname}`);
  // The types know of no default export; vitest.config.ts makes the Worker one.
  const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
  return worker.fetch(new Request(url, init));
};

/** A client for a new merchant. */
async function newPayments(): Promise<Payments> {
  const { key } = await newClient();
  return new Payments({ apiKey: key, baseUrl: BASE, fetch: throughWorker });
}

let payments: Payments;
beforeAll(async () => {
  payments = await newPayments();
});

async function refusal(call: Promise<unknown>): Promise<PaymentsError> {
  const error = await call.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PaymentsError);
  return error as PaymentsError;
}

/** Lets the alarms of a transaction ring while something else waits. */
async function ringing<Value>(id: string, waiting: Promise<Value>): Promise<Value> {
  let isOver = false;
  const done = waiting.finally(() => {
    isOver = true;
  });
  await eventually(async () => {
    await runDurableObjectAlarm(ownerOf(id)).catch(() => false);
    if (!isOver) throw new Error("The wait is not over.");
  });
  return done;
}

describe("Transactions", () => {
  it("One is created, replayed, found, charged and refunded", async () => {
    const { transactions, refunds } = payments;
    const idempotencyKey = freshKey("order");
    const made = await transactions.create(BODY, { idempotencyKey });
    expect(made).toMatchObject({ status: "pending", amount_minor: 10_050 });
    expect(getResponse(made)).toMatchObject({
      status: 201,
      request_id: expect.stringMatching(/^req_/),
      replayed: false,
      sandbox: true,
      attempts: 1,
      quotas: [{ name: "requests", limit: expect.any(Number), remaining: expect.any(Number) }],
    });
    const again = await transactions.create(BODY, { idempotencyKey });
    expect(again).toEqual(made);
    expect(getResponse(again)?.replayed).toBe(true);
    expect(await transactions.getByKey(idempotencyKey)).toEqual(made);

    expect((await transactions.process(made.id)).status).toBe("completed");
    const refund = await transactions.refund(made.id, { amount: "20.50" });
    expect(await refunds.waitUntilFinal(refund)).toMatchObject({
      status: "succeeded",
      amount_minor: 2_050,
    });
    expect(await refunds.get(refund.id)).toEqual(refund);
    expect((await transactions.refunds(made.id)).data).toEqual([refund]);
    expect((await refunds.list({ transaction_id: made.id }).page()).data).toEqual([refund]);

    const { data } = await transactions.events(made.id);
    const amounts = data.map((event) =>
      // The type of an event decides that of its data.
      event.type === "refund.succeeded" ? event.data.transaction_id : event.data.currency,
    );
    expect(amounts).toEqual(["USD", "USD", "USD", "USD", made.id]);
  });

  it("One is held, and a part of it captured; another is voided", async () => {
    const held = { ...BODY, capture_method: "manual", process: true } as const;
    const { transactions } = payments;
    const first = await transactions.create(held);
    expect(first.status).toBe("authorized");
    const captured = await transactions.capture(first.id, { amount: "4.25" });
    expect(captured).toMatchObject({ status: "completed", amount_captured_minor: 425 });
    const second = await transactions.create(held);
    expect((await transactions.cancel(second.id)).status).toBe("cancelled");
  });

  it("One is changed only if it has the version that was read", async () => {
    const { transactions } = payments;
    const { id, version } = await transactions.create({ ...BODY, process: true });
    const first = await transactions.refund(id, { amount: "1.00" }, { ifMatch: version });
    const second = transactions.refund(id, { amount: "2.00" }, { ifMatch: version });
    expect(await refusal(second)).toMatchObject({ code: "version_mismatch", status: 412 });
    expect((await transactions.refunds(id)).data).toEqual([first]);
  });

  it("A batch has a result for each item", async () => {
    const { data } = await payments.transactions.createBatch([
      { ...BODY, idempotency_key: freshKey() },
      { ...BODY, idempotency_key: freshKey(), amount: "1.005" },
    ]);
    expect(data).toMatchObject([{ status: 201 }, { status: 400 }]);
    expect(data[1]?.problem?.errors).toMatchObject([{ pointer: "#/items/1/amount" }]);
  });

  it("A list of several pages has each transaction once, and the feed all events", async () => {
    const shop = await newPayments();
    const made = await Promise.all([1, 2, 3, 4, 5].map(() => shop.transactions.create(BODY)));
    const listed: string[] = [];
    for await (const { id } of shop.transactions.list({ limit: 2 })) listed.push(id);
    expect(listed.sort()).toEqual(made.map(({ id }) => id).sort());
    let cursor: string | undefined;
    const seen: string[] = [];
    for await (const page of shop.events.list({ limit: 2 }).pages()) {
      seen.push(...page.data.map(({ transaction_id }) => transaction_id));
      cursor = page.next_cursor ?? cursor;
    }
    expect(seen.sort()).toEqual(listed);
    await shop.transactions.cancel(listed[0] ?? "");
    const later = await shop.events.list({ ...(cursor !== undefined && { cursor }) }).page();
    expect(later.data.map(({ type }) => type)).toEqual(["transaction.cancelled"]);
  });
});

describe("Waiting", () => {
  it("It ends with the outcome of a charge that was unknown at first", async () => {
    const metadata = { sandbox_outcome: "unknown_then_settle" };
    const made = await payments.transactions.create({ ...BODY, metadata, process: true });
    expect(made.status).toBe("processing");
    expect(getResponse(made)).toMatchObject({ status: 202, retryAfterS: expect.any(Number) });
    const waiting = payments.transactions.waitUntilFinal(made, { timeoutMs: 300_000 });
    expect((await ringing(made.id, waiting)).status).toBe("completed");
  });

  it("It ends with the action that the customer has to do", async () => {
    const metadata = { sandbox_outcome: "action_abandoned" };
    const made = await payments.transactions.create({
      ...BODY,
      metadata,
      payment_method: "pm_1",
      return_url: RETURN_URL,
      process: true,
    });
    const shown = await payments.transactions.waitUntilFinal(made.id);
    expect(shown.status).toBe("requires_action");
    expect(shown.next_action?.redirect_to_url.return_url).toBe(RETURN_URL);
  });
});

describe("Problems", () => {
  it("A fault of the body has its pointer, and the caller's key", async () => {
    const error = await refusal(
      payments.transactions.create({ ...BODY, amount: "1.005" }, { idempotencyKey: "order-9" }),
    );
    expect(error).toMatchObject({
      code: "invalid_request",
      status: 400,
      errors: [{ pointer: "#/amount" }],
      request_id: expect.stringMatching(/^req_/),
      idempotencyKey: "order-9",
      attempts: 1,
    });
    expect(error.message).toContain("2 decimal places");
  });

  it("A key that was used for another request is refused", async () => {
    const idempotencyKey = freshKey();
    await payments.transactions.create(BODY, { idempotencyKey });
    const other = payments.transactions.create({ ...BODY, amount: 1 }, { idempotencyKey });
    expect(await refusal(other)).toMatchObject({
      code: "idempotency_key_reused",
      errors: [{ pointer: "#/amount" }],
    });
  });

  it("A wrong API key is refused, and in no error", async () => {
    const apiKey = "sk_wrong_key";
    const wrong = new Payments({ apiKey, baseUrl: BASE, fetch: throughWorker });
    const error = await refusal(wrong.transactions.get("txn_1"));
    expect(error.code).toBe("api_key_invalid");
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(apiKey);
  });
});

describe("Fraud rules", () => {
  it("They are replaced by version and tried on stored payments; a payment is reviewed", async () => {
    const { riskRules, transactions } = payments;
    const { version } = await riskRules.get();
    const all = { id: "all", outcome: "review", when: { amount: { above: "1" } } } as const;
    const backtest = await riskRules.backtest({ rule_set: RULES });
    expect(backtest.examined).toBeGreaterThan(0);
    await riskRules.replace({
      ...RULES,
      version,
      rules: [all],
    });
    const conflict = await refusal(riskRules.replace({ ...RULES, version }));
    expect(conflict.code).toBe("rule_set_version_conflict");
    // New rules take effect within seconds.
    const held = await eventually(async () => {
      const made = await transactions.create(BODY);
      expect(made.status).toBe("review");
      return made;
    });
    expect((await transactions.review(held.id, { decision: "approve" })).status).toBe("pending");
    await riskRules.replace({ ...RULES, version: version + 1 });
    const { data, has_more } = await riskRules.versions({ limit: 1 }).page();
    expect([data[0]?.version, has_more]).toEqual([version + 2, true]);
  });

  it("A value is added to a list, found and removed", async () => {
    const { riskLists } = payments;
    const entry = await riskLists.add({ list: "block", field: "customer", value: "user_9" });
    expect(await riskLists.get(entry.id)).toEqual(entry);
    expect((await riskLists.list({ list: "block" }).page()).data).toEqual([entry]);
    await riskLists.remove(entry.id);
    expect((await refusal(riskLists.get(entry.id))).code).toBe("list_entry_not_found");
  });
});

describe("Webhooks", () => {
  it("An endpoint is registered, and what it receives is verified, also after a rotation", async () => {
    const { webhookEndpoints, webhookDeliveries, transactions } = await newPayments();
    const url = receiverUrl("typescript-client");
    const { id, secret } = await webhookEndpoints.create({
      url,
      events: ["transaction.completed"],
    });
    await webhookEndpoints.change(id, { description: "orders" });
    expect((await webhookEndpoints.get(id)).description).toBe("orders");
    expect((await webhookEndpoints.list()).data).toHaveLength(1);
    const rotated = await webhookEndpoints.rotateSecret(id);
    const made = await transactions.create({ ...BODY, process: true });
    await webhookEndpoints.test(id);
    const seen = await eventually(async () => {
      const all = await arrivals("typescript-client");
      expect(all).toHaveLength(2);
      return all;
    });
    for (const { body, headers } of seen) {
      for (const known of [secret, rotated.secret]) {
        const event = await verifyWebhook(body, headers, known);
        expect(event.id).toBe(headers["webhook-id"]);
        if (event.type === "webhook_endpoint.test") expect(event.data).toEqual({ endpoint_id: id });
        else expect(event).toMatchObject({ type: "transaction.completed", data: { id: made.id } });
      }
      const attempt = verifyWebhook(`${body} `, headers, secret);
      await expect(attempt).rejects.toThrow("no valid signature");
    }
    const [delivery] = (await webhookDeliveries.list({ transaction_id: made.id }).page()).data;
    const found = await webhookDeliveries.get(delivery?.id ?? "");
    expect(found.event_type).toBe("transaction.completed");
    await webhookDeliveries.redeliver(found.id);
    const since = made.created_at;
    expect(await webhookEndpoints.recover(id, { since })).toMatchObject({ has_more: false });
    await webhookEndpoints.remove(id);
    expect((await webhookEndpoints.list()).data).toEqual([]);
  });
});

it("A customer is erased", async () => {
  const eraser = await newEraser();
  const shop = new Payments({ apiKey: eraser.key, baseUrl: BASE, fetch: throughWorker });
  const { id } = await shop.transactions.create({ ...BODY, user_id: "a / customer" });
  const begun = await shop.customers.erase("a / customer");
  expect(begun).toMatchObject({ user_id: "a / customer", transactions_erased: 0 });
  const waited = shop.customers.waitUntilErased(begun, { timeoutMs: 20_000 });
  await completed(eraser, begun);
  expect(await waited).toMatchObject({ status: "completed", transactions_erased: 1 });
  expect(await shop.transactions.get(id)).toMatchObject({ user_id: "erased", metadata: {} });
});

afterAll(() => {
  const called = (row: { method: string; path: string }) => {
    const path = new RegExp(`^${row.method} ${row.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
    return sent.some((request) => path.test(request));
  };
  const missing = Object.entries(OPERATIONS).filter(([, row]) => !called(row));
  expect(missing.map(([operation]) => operation)).toEqual([]);
});
