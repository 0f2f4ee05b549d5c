/** This release on the stored state of an earlier one, which recorded no schema version: every object opens, and every
 *  transaction goes on. `test/fixtures/release-before-versions.sql` is what a local server of that release left. */
import { runInDurableObject } from "cloudflare:test";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { admin, type Client, call, clientOf, processorSaw, TRANSACTIONS } from "../../support/api";
import { type LoadedObject, loadEarlierRelease, tablesOf } from "../../support/earlier-release";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";
import type { Arrival } from "../../support/receiver";

const FIRST = "mer_uxzv7znw5cf7elwxmorcwl2wss";
const SECOND = "mer_jgo5f7yx3ile23t5iyyd5bfe4p";

/** By what the release had done with them, which is also in their idempotency keys, `order-NAME`. */
const STORED: Record<string, Transaction["status"]> = {
  pending: "pending",
  completed: "completed",
  declined: "failed",
  cancelled: "cancelled",
  origin: "completed",
  review: "review",
  "review-2": "review",
  approved: "completed",
  rejected: "failed",
  blocked: "failed",
  "more-0": "pending",
  "more-1": "pending",
};

let objects: LoadedObject[];
let first: Client;
let second: Client;
const ids = new Map<string, string>();

beforeAll(async () => {
  objects = await loadEarlierRelease();
  first = await clientWithNewKey(FIRST);
  second = await clientWithNewKey(SECOND);
  for (const name of [...Object.keys(STORED), "open"]) ids.set(name, await idOf(first, name));
  for (const name of ["other", "other-pending"]) ids.set(name, await idOf(second, name));
});

/** A delivery that fails is retried for days, and the test's runtime does not end before. */
afterAll(async () => {
  const listed = await first.get("/api/v1/webhook-endpoints");
  const { data } = (await listed.json()) as { data: { id: string }[] };
  for (const endpoint of data)
    await first.ask("DELETE", `/api/v1/webhook-endpoints/${endpoint.id}`);
});

async function clientWithNewKey(merchantId: string): Promise<Client> {
  const made = await admin(`/api/v1/merchants/${merchantId}/api-keys`, {});
  const { id, key } = (await made.json()) as { id: string; key: string };
  return clientOf(merchantId, id, key);
}

async function idOf(client: Client, name: string): Promise<string> {
  const response = await client.get(`/api/v1/idempotency-keys/order-${name}`);
  return ((await response.json()) as Transaction).id;
}

const id = (name: string): string => ids.get(name) ?? name;
const statusOf = async (name: string) => (await first.find(id(name))).status;
const eventTypes = async (name: string) => {
  const response = await first.get(`${TRANSACTIONS}/${id(name)}/events`);
  return ((await response.json()) as { data: { type: string }[] }).data.map(({ type }) => type);
};

it("Every object of the earlier release opens and records the version of its tables", async () => {
  expect(objects).toHaveLength(10);
  for (const { name, stub } of objects) {
    await runInDurableObject(stub, (_, { storage: { sql } }) => {
      const { version } = sql.exec<{ version: number }>("SELECT version FROM schema_version").one();
      expect(version, name).toBeGreaterThan(0);
      expect(tablesOf(sql), name).not.toContain("counters");
      expect(tablesOf(sql), name).not.toContain("marks");
      expect(tablesOf(sql).length, name).toBeGreaterThan(2);
    });
  }
});

it.each(Object.entries(STORED))(
  "The %s payment of the earlier release is shown and its create is replayed",
  async (name, status) => {
    const stored = await first.get(`${TRANSACTIONS}/${id(name)}`);
    const body = (await stored.json()) as Transaction;
    expect(body.status).toBe(status);
    const { user_id, amount, currency, metadata, webhook_url } = body;
    const given = { user_id, amount, currency, metadata, ...(webhook_url ? { webhook_url } : {}) };
    const again = await first.create(given, `order-${name}`);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(again.status).toBe(201);
    expect(((await again.json()) as Transaction).id).toBe(id(name));
    const other = await first.create({ ...given, amount: amount + 1 }, `order-${name}`);
    expect(other.status).toBe(422);
  },
);

it("Pending payments of the earlier release are charged once, of both merchants", async () => {
  expect((await first.process(id("pending"))).status).toBe(200);
  expect((await first.process(id("pending"))).status).toBe(200);
  expect(await statusOf("pending")).toBe("completed");
  expect((await processorSaw(id("pending"))).charges).toBe(1);
  expect((await second.process(id("other-pending"))).status).toBe(200);
  expect((await second.find(id("other-pending"))).status).toBe("completed");
});

it("The charge that was open when the earlier release stopped is finished", async () => {
  await eventually(async () => expect(await statusOf("open")).toBe("completed"));
  expect(await eventTypes("open")).toEqual([
    "transaction.created",
    "transaction.processing",
    "transaction.completed",
  ]);
});

it("A payment in review of the earlier release can be approved and charged, and another one cancelled", async () => {
  const decision = { decision: "approve", reviewer: "ann" };
  const path = `${TRANSACTIONS}/${id("review")}/review`;
  expect((await first.ask("POST", path, decision)).status).toBe(200);
  expect((await first.process(id("review"))).status).toBe(200);
  expect(await eventTypes("review")).toEqual([
    "transaction.created",
    "transaction.review_opened",
    "transaction.review_approved",
    "transaction.processing",
    "transaction.completed",
  ]);
  expect((await first.cancel(id("review-2"))).status).toBe(200);
  expect(await statusOf("review-2")).toBe("cancelled");
});

it.each([
  ["cancels a pending payment", "more-0", "cancel", 200],
  ["does not charge a completed payment again", "completed", "process", 200],
  ["does not charge a declined payment again", "declined", "process", 200],
  ["refuses to charge a cancelled payment", "cancelled", "process", 409],
  ["refuses to charge a rejected payment", "rejected", "process", 409],
  ["refuses to charge a blocked payment", "blocked", "process", 409],
  ["refuses to cancel a completed payment", "origin", "cancel", 409],
] as const)("%s", async (_, name, action, status) => {
  expect((await first[action](id(name))).status).toBe(status);
  expect((await processorSaw(id(name))).calls).toBe(0);
});

it("The merchant's rules, lists and velocity of the earlier release still apply", async () => {
  const blocked = await first.created({ user_id: "user_blocked", amount: 5 });
  expect(blocked.status).toBe("failed");
  expect((await first.created({ user_id: "user_9", amount: 2_500 })).status).toBe("review");
  const counted = await first.created({ user_id: "user_a", metadata: { cart: "c1" } });
  // user_a had one payment approved and completed, and one rejected; in cart c1 there were user_r, user_0 and user_1.
  expect(counted.risk?.signals).toEqual({
    "customer.count.24h.completed": 2,
    "metadata.cart.customers.1h": 4,
  });
});

it("An earlier release's delivery is sent again, to the endpoint's new URL", async () => {
  const listed = await first.get(`/api/v1/webhook-deliveries?transaction_id=${id("completed")}`);
  const { data } = (await listed.json()) as {
    data: { id: string; endpoint_id: string; status: string; event_id: string }[];
  };
  expect(data).toHaveLength(4);
  const sent = data.find(({ status }) => status === "succeeded");
  const url = `${env.RECEIVER_URL}/earlier-release/200`;
  const changed = await first.ask("PATCH", `/api/v1/webhook-endpoints/${sent?.endpoint_id}`, {
    url,
  });
  expect(changed.status).toBe(200);
  const again = await first.post(`/api/v1/webhook-deliveries/${sent?.id}/redeliver`);
  expect(again.status).toBe(202);
  await eventually(async () => {
    const arrived = await fetch(`${env.RECEIVER_URL}/earlier-release`);
    const received = (await arrived.json()) as Arrival[];
    expect(received.map((arrival) => arrival.id)).toContain(sent?.event_id);
  });
});

it("A rebuild writes every transaction of the earlier release into D1", async () => {
  expect((await admin("/api/v1/operations/rebuild-book", undefined, "POST")).status).toBe(202);
  await eventually(async () => {
    const listed = await first.get(`${TRANSACTIONS}?limit=100`);
    const { data } = (await listed.json()) as { data: Transaction[] };
    const known = new Set(data.map((transaction) => transaction.id));
    expect([...ids.values()].filter((one) => !known.has(one))).toEqual([
      id("other"),
      id("other-pending"),
    ]);
  });
});

it("No object of the earlier release is degraded", async () => {
  await eventually(async () => {
    const response = await call("/health/ready");
    expect(((await response.json()) as { status: string }).status).toBe("ready");
  });
});
