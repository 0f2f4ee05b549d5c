/** What `/metrics` says of webhooks: exactly what was sent, however often dispatchers die and D1 fails. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, expect, it, vi } from "vitest";
import type { WebhookDispatcher } from "../../../src/webhooks/webhook-dispatcher";
import { type Client, call, newClient } from "../../support/api";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";
import { growthOf, parseExposition, type Scrape, sumsOf } from "../../support/exposition";
import { turnBackDeliveries } from "../../support/first-dispatcher";
import { crash } from "../../support/webhooks-api";

const ENDPOINTS = "/api/v1/webhook-endpoints";

let shop: Client;
let other: Client;
beforeEach(async () => {
  [shop, other] = [await newClient(), await newClient()];
});

const dispatcherOf = (client: Client) => env.WEBHOOKS.getByName(client.merchant_id);
const receiverUrl = (name: string, steps = "200") =>
  `${env.RECEIVER_URL}/metrics-${name}-${shop.merchant_id}/${steps}`;

async function endpoint(client: Client, url: string, more: object = {}): Promise<string> {
  const made = await client.ask("POST", ENDPOINTS, { url, ...more });
  expect(made.status).toBe(201);
  return ((await made.json()) as { id: string }).id;
}

async function scrape(): Promise<Scrape> {
  const headers = { Authorization: `Bearer ${env.METRICS_TOKEN}` };
  return parseExposition(await (await call("/metrics", { headers })).text());
}

const growth = (before: Scrape, after: Scrape) => {
  const of = (name: string, label: string) =>
    growthOf(before, after, `payments_webhook_${name}`, label);
  return {
    attempts: of("attempts_total", "outcome"),
    delivered: of("delivery_delay_seconds_count", "")[""] ?? 0,
    ended: of("deliveries_total", "status"),
    backlog: of("backlog", "status"),
    endpoints: of("endpoints", "state"),
    disabled: of("endpoints_disabled_total", "reason"),
  };
};

/** Brings what waits forward, and lets the alarm see to deliveries and counts. */
async function ring(client: Client): Promise<void> {
  await runInDurableObject(dispatcherOf(client), async (_, { storage }) => {
    storage.sql.exec("UPDATE deliveries SET next_at = 0 WHERE status = 'pending'");
    storage.sql.exec("UPDATE endpoints SET resting_until = 0");
    await storage.setAlarm(Date.now() + 60_000);
  });
  await runDurableObjectAlarm(dispatcherOf(client));
}

/** What the dispatcher itself has noted: an attempt that a crash cut off is made again. */
function failedAttempts(client: Client): Promise<number> {
  return runInDurableObject(dispatcherOf(client), (_, { storage }) => {
    const failed = storage.sql.exec(
      "SELECT 1 FROM deliveries, json_each(log) AS attempt WHERE attempt.value ->> 4 = 'http_status'",
    );
    return failed.toArray().length;
  });
}

it("The webhook metrics grow by exactly what was sent to two merchants, although their dispatchers crash", async () => {
  await endpoint(shop, receiverUrl("well"));
  await endpoint(shop, receiverUrl("first-fails", "500,200"), { events: ["transaction.created"] });
  await endpoint(other, receiverUrl("other"), { events: ["transaction.completed"] });
  const before = await eventually(async () => {
    const now = await scrape();
    expect(sumsOf(now, "payments_webhook_endpoints", "state").enabled).toBeGreaterThanOrEqual(3);
    return now;
  });
  const clients = Array.from({ length: 60 }, (_, at) => (at % 3 === 2 ? other : shop));
  await Promise.all(
    clients.map(async (client, at) => {
      const { id } = await client.created({ user_id: `metrics-${at}` });
      await client.process(id);
    }),
  );
  for (const client of [shop, other, shop, other]) await crash(client);
  const after = await eventually(async () => {
    await Promise.all([ring(shop), ring(other)]);
    const now = await scrape();
    // Of 40 transactions one endpoint hears all three events and one the first; of 20 one hears the last.
    const failures = (await failedAttempts(shop)) + (await failedAttempts(other));
    expect(growth(before, now)).toEqual({
      attempts: { delivered: 3 * 40 + 40 + 20, http_status: failures },
      delivered: 3 * 40 + 40 + 20,
      ended: { succeeded: 3 * 40 + 40 + 20 },
      backlog: {},
      endpoints: {},
      disabled: {},
    });
    return now;
  });
  await Promise.all([crash(shop), crash(other)]);
  await Promise.all([ring(shop), ring(other)]);
  expect(growth(after, await scrape()), "told again").toMatchObject({ attempts: {}, delivered: 0 });
});

it("The webhook metrics show pending, dead and disabled ones, and their outcomes", async () => {
  const before = await scrape();
  const gone = await endpoint(shop, receiverUrl("gone", "410"), {
    events: ["transaction.created"],
  });
  await endpoint(shop, receiverUrl("off"), { enabled: false });
  await shop.created();
  await eventually(async () =>
    expect(growth(before, await scrape())).toEqual({
      attempts: { http_status: 1 },
      delivered: 0,
      ended: {},
      backlog: { pending: 1 },
      endpoints: { disabled: 2 },
      disabled: { gone: 1 },
    }),
  );
  await shop.ask("PATCH", `${ENDPOINTS}/${gone}`, { url: receiverUrl("back"), enabled: true });
  await eventually(async () => {
    await ring(shop);
    expect(growth(before, await scrape())).toMatchObject({
      attempts: { http_status: 1, delivered: 1 },
      ended: { succeeded: 1 },
      backlog: {},
      endpoints: { disabled: 1, enabled: 1 },
    });
  });
  await shop.ask("PATCH", `${ENDPOINTS}/${gone}`, { enabled: false });
  await shop.ask("PATCH", `${ENDPOINTS}/${gone}`, {
    url: receiverUrl("last", "410"),
    enabled: true,
  });
  await shop.created();
  await eventually(async () => {
    await ring(shop);
    expect(growth(before, await scrape())).toMatchObject({
      backlog: { pending: 1 },
      disabled: { gone: 2 },
    });
  });
  await shop.ask("DELETE", `${ENDPOINTS}/${gone}`);
  await eventually(async () => {
    await ring(shop);
    expect(growth(before, await scrape())).toMatchObject({
      ended: { succeeded: 1, dead: 1 },
      backlog: { dead: 1 },
      endpoints: { disabled: 1 },
      disabled: { gone: 2 },
    });
  });
});

it("The webhook metrics contain what happened while D1 was down, once and completely", async () => {
  await endpoint(shop, receiverUrl("while-down"));
  const before = await eventually(async () => {
    await ring(shop);
    return scrape();
  });
  await runInDurableObject(dispatcherOf(shop), (dispatcher) => {
    const { DB } = (dispatcher as unknown as { env: typeof env }).env;
    const prepare = DB.prepare.bind(DB);
    // For the counts alone: a create reads its merchant's fraud rules from D1.
    vi.spyOn(DB, "prepare").mockImplementation((sql) => {
      if (sql.includes("webhook_counts")) throw new Error("D1 is down");
      return prepare(sql);
    });
  });
  const { id } = await shop.created();
  await eventually(async () => {
    const page = await shop.get(`/api/v1/webhook-deliveries?transaction_id=${id}`);
    expect(await page.json()).toMatchObject({ data: [{ status: "succeeded" }] });
  });
  await ring(shop);
  vi.restoreAllMocks();
  await eventually(async () => {
    await ring(shop);
    expect(growth(before, await scrape()).attempts).toEqual({ delivered: 1 });
  });
});

it("The webhook metrics count what a dispatcher of an earlier version already had", async () => {
  const id = await endpoint(shop, receiverUrl("earlier"), { enabled: false });
  await eventually(async () => {
    await ring(shop);
    expect(sumsOf(await scrape(), "payments_webhook_endpoints", "state").disabled).toBeGreaterThan(
      0,
    );
  });
  const before = await scrape();
  await runInDurableObject(dispatcherOf(other), (dispatcher: WebhookDispatcher, { storage }) => {
    dispatcher.addEndpoint({
      url: receiverUrl("x"),
      description: null,
      events: ["*"],
      enabled: true,
    });
    turnBackDeliveries(storage.sql);
    storage.sql.exec(
      `INSERT INTO deliveries (id, endpoint_id, message_id, event_type, url, status, attempts, tries,
         created_at, started_at) VALUES ('whd_a', ?1, 'a', 'x', 'x', 'dead', 22, 22, ?2, ?2),
         ('whd_b', ?1, 'b', 'x', 'x', 'pending', 1, 1, ?2, ?2)`,
      id,
      Date.now(),
    );
  });
  await crash(other);
  await eventually(async () => {
    await ring(other);
    expect(growth(before, await scrape())).toMatchObject({
      backlog: { dead: 1, pending: 1 },
      endpoints: { enabled: 1 },
    });
  });
});
