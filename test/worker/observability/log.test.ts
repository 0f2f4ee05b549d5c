/** What can be followed afterwards: the trace of a request through everything that it causes, a line for each
 *  request, and nothing in any line that must not be there. The log is at its most talkative here. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { app } from "../../../src/api/app";
import { transactionObjectName } from "../../../src/domain/identity/id";
import { TransactionShard } from "../../../src/transactions/transaction-shard";
import { VelocityShard } from "../../../src/velocity/velocity-shard";
import {
  admin,
  BASE,
  type Client,
  call,
  freshKey,
  newClient,
  processorSaw,
  TRANSACTIONS,
} from "../../support/api";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";
import { turnBackDeliveries } from "../../support/first-dispatcher";
import { turnBackEvents } from "../../support/first-journal";
import type { StreamLog } from "../../support/kafka";
import type { Arrival } from "../../support/receiver";

const SHARDS = 2;

type Line = Record<string, string | number>;
const written: string[] = [];
for (const method of ["log", "info", "debug", "warn", "error"] as const) {
  vi.spyOn(console, method).mockImplementation((...line) => {
    written.push(line.map(String).join(" "));
  });
}

const lines = (event: string): Line[] =>
  written.map((line) => JSON.parse(line) as Line).filter((line) => line.event === event);

let shop: Client;
let secret = "";
beforeAll(async () => {
  shop = await newClient();
  const made = await shop.ask("POST", "/api/v1/webhook-endpoints", {
    url: `${env.RECEIVER_URL}/watch/200`,
  });
  ({ secret } = (await made.json()) as { secret: string });
});

const spies: { mockRestore: () => void }[] = [];
afterEach(async () => {
  for (const spy of spies.splice(0)) spy.mockRestore();
  await fate("up");
});

const fate = (how: string) =>
  fetch(`${env.KAFKA_REST_URL}/fate`, { method: "PUT", body: JSON.stringify(how) });
const ownerOf = (id: string) => env.TRANSACTIONS.getByName(transactionObjectName(id, SHARDS));
const crash = (stub: DurableObjectStub) =>
  runInDurableObject(stub, (_, state) => state.abort("crash")).catch(() => {});

const traceOf = (digit: string) => digit.repeat(32);
const spanOf = (digit: string) => digit.repeat(16);
const given = (digit: string) => ({ traceparent: `00-${traceOf(digit)}-${spanOf(digit)}-01` });
/** Of a trace, on a leg that is not the client's. */
const onTrace = (digit: string) =>
  expect.stringMatching(new RegExp(`^00-${traceOf(digit)}-(?!${spanOf(digit)})[0-9a-f]{16}-01$`));

async function createIn(digit: string, body: object = {}): Promise<string> {
  const headers = { "Idempotency-Key": freshKey("trace"), ...given(digit) };
  const response = await shop.send(
    JSON.stringify({ user_id: "user_1", amount: 10, ...body }),
    headers,
  );
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

const processIn = (digit: string, id: string) =>
  shop.send(undefined, given(digit), `${TRANSACTIONS}/${id}/process`);

async function streamed(id: string): Promise<{ type: string; traceparent?: string }[]> {
  const { records } = (await (await fetch(`${env.KAFKA_REST_URL}/log`)).json()) as StreamLog;
  return records.filter(({ key }) => key === id).map(({ value }) => JSON.parse(value));
}

async function arrived(id: string): Promise<Arrival[]> {
  const all = (await (await fetch(`${env.RECEIVER_URL}/watch`)).json()) as Arrival[];
  return all.filter(({ body }) => body.includes(id));
}

describe("the trace of a request", () => {
  it("The trace of a request goes to the processor, the webhooks, the stream and the log", async () => {
    const id = await createIn("a");
    await processIn("b", id);
    expect((await processorSaw(id)).traceparents).toEqual([onTrace("b")]);
    const events = await eventually(async () => {
      const found = await streamed(id);
      expect(found).toHaveLength(3);
      return found;
    });
    expect(events.map(({ traceparent }) => traceparent)).toEqual(["a", "b", "b"].map(onTrace));
    const hooks = await eventually(async () => {
      const found = await arrived(id);
      expect(found).toHaveLength(3);
      return found;
    });
    const byType = new Map(hooks.map(({ body, headers }) => [JSON.parse(body).type, headers]));
    expect(byType.get("transaction.created")?.traceparent).toEqual(onTrace("a"));
    expect(byType.get("transaction.completed")?.traceparent).toEqual(onTrace("b"));
    const [created, processed] = lines("request").filter((line) => line.transaction_id === id);
    expect([created?.trace_id, processed?.trace_id]).toEqual([traceOf("a"), traceOf("b")]);
    await eventually(() => {
      const attempts = lines("webhook.attempt").filter(({ trace_id }) => trace_id === traceOf("a"));
      expect(attempts).toHaveLength(1);
    });
  });

  it("A trace begins in the Worker when there is none, or none that is valid", async () => {
    for (const traceparent of [undefined, "00-zz-11-01", given("c").traceparent.toUpperCase()]) {
      const response = await call("/health", traceparent ? { headers: { traceparent } } : {});
      const line = lines("request").find(
        ({ request_id }) => request_id === response.headers.get("Request-Id"),
      );
      expect(line?.trace_id).toMatch(/^[0-9a-f]{32}$/);
      expect(line?.trace_id).not.toBe(traceOf("c"));
    }
  });

  it("A trace is kept when the object crashes and the charge is resumed", async () => {
    const id = await createIn("d", { metadata: { processor: "pending,pending,settle" } });
    expect((await processIn("e", id)).status).toBe(202);
    expect(lines("charge.unknown")).toContainEqual(
      expect.objectContaining({ transaction_id: id, trace_id: traceOf("e") }),
    );
    await crash(ownerOf(id));
    await eventually(async () => {
      await runDurableObjectAlarm(ownerOf(id));
      expect(await shop.find(id)).toMatchObject({ status: "completed" });
    });
    const { traceparents } = await processorSaw(id);
    expect(traceparents).toEqual([onTrace("e"), onTrace("e"), onTrace("e")]);
    expect(new Set(traceparents).size, "each call is a leg of its own").toBe(3);
  });

  it("An event from before there were traces is delivered without one", async () => {
    await fate("down");
    const id = await createIn("f");
    const dispatcher = env.WEBHOOKS.getByName(shop.merchant_id);
    await eventually(async () => expect(await arrived(id)).toHaveLength(1));
    await runInDurableObject(ownerOf(id), (_, { storage }) => turnBackEvents(storage.sql));
    await runInDurableObject(dispatcher, (_, { storage }) => turnBackDeliveries(storage.sql));
    await crash(ownerOf(id));
    await crash(dispatcher);
    await fate("up");
    expect((await processIn("1", id)).status).toBe(200);
    const events = await eventually(async () => {
      const found = await streamed(id);
      expect(found).toHaveLength(3);
      return found;
    });
    expect(events.map((event) => event.traceparent)).toEqual([
      undefined,
      onTrace("1"),
      onTrace("1"),
    ]);
    const hooks = await eventually(async () => {
      const found = await arrived(id);
      expect(found).toHaveLength(3);
      return found;
    });
    expect(hooks.filter(({ headers }) => headers.traceparent).length).toBe(3);
  });
});

describe("the log", () => {
  const thrown = (what: unknown) => () => {
    throw what;
  };
  const BOOM = "boom-secret-9d2c";

  it("The log has one line for each request, with the id that the client saw", async () => {
    const key = { Authorization: `Bearer ${shop.key}` };
    const post = (body: string, headers = {}) => ({
      method: "POST",
      body,
      headers: { ...key, ...headers },
    });
    const json = { "Content-Type": "application/json", "Idempotency-Key": freshKey() };
    const id = await createIn("2");
    const requests: [number, string, RequestInit & { headers?: Record<string, string> }][] = [
      [200, "/health", {}],
      [201, TRANSACTIONS, post('{"user_id":"u","amount":1}', json)],
      [400, TRANSACTIONS, post("{", json)],
      [401, TRANSACTIONS, {}],
      [404, "/nowhere/at/all", {}],
      [404, `${TRANSACTIONS}/txn_x`, { headers: key }],
      [405, "/health", { method: "DELETE" }],
      [413, TRANSACTIONS, post(" ".repeat(2_000_000), json)],
      [415, TRANSACTIONS, post("x", { ...json, "Content-Type": "text/plain" })],
    ];
    for (const [status, path, init] of requests) {
      const response = await call(path, init);
      expect(response.status, path).toBe(status);
      await response.text();
      const requestId = response.headers.get("Request-Id");
      const own = lines("request").filter(({ request_id }) => request_id === requestId);
      expect(own, `${status} ${path}`).toMatchObject([{ status }]);
    }
    for (const what of [new Error(BOOM), BOOM, { message: BOOM }]) {
      spies.push(vi.spyOn(TransactionShard.prototype, "find").mockImplementation(thrown(what)));
      const response = await call(`${TRANSACTIONS}/${id}`, { headers: key });
      expect(response.status).toBe(500);
      const { request_id } = (await response.json()) as { request_id: string };
      const own = [...lines("request"), ...lines("fault")].filter(
        (line) => line.request_id === request_id,
      );
      expect(own.map(({ event }) => event)).toEqual(["request", "fault"]);
    }
  });

  it("The log has a line even for a thrown value that is no Error", async () => {
    const broken = { ...env, TRANSACTIONS: { getByName: thrown("no Error at all") } };
    const request = new Request(`${BASE}${TRANSACTIONS}/${await createIn("3")}`, {
      headers: { Authorization: `Bearer ${shop.key}` },
    });
    const response = await app.fetch(request, broken);
    expect(response.status).toBe(500);
    const { request_id } = (await response.json()) as { request_id: string };
    expect(lines("fault").filter((line) => line.request_id === request_id)).toHaveLength(1);
    const own = lines("request").filter((line) => line.request_id === request_id);
    expect(own).toMatchObject([{ status: 500, outcome: "internal_error" }]);
  });

  it("The log contains no secret, whatever is sent and whatever fails", async () => {
    const CANARY = "canary-77aa";
    const CARDS = ["4242424242424242", "5555 5555 5555 4444"];
    const body = (more: object = {}) => ({
      user_id: `${CANARY}-user`,
      amount: 7391137.91,
      description: `${CANARY} description`,
      metadata: { note: `${CANARY} note`, processor: `decline:${CANARY}` },
      ...more,
    });
    const keys = [shop.key];
    const secrets = [secret];
    // What is refused.
    for (const card of CARDS) await shop.create(body({ description: card }), `${CANARY}-card`);
    await shop.create(body(), CARDS[0]);
    await call(`/api/v1/idempotency-keys/${CANARY}`, {
      headers: { Authorization: `Bearer ${shop.key}x` },
    });
    await call(`${TRANSACTIONS}?user_id=${CANARY}&limit=x`, {
      headers: { Authorization: `Bearer ${shop.key}` },
    });
    await call(`/api/v1/merchants?token=${env.ADMIN_TOKEN}`, {
      headers: { Authorization: `Bearer ${env.METRICS_TOKEN}` },
    });
    // Who administers, and who subscribes.
    const made = await admin(`/api/v1/merchants/${shop.merchant_id}/api-keys`, { name: CANARY });
    keys.push(((await made.json()) as { key: string }).key);
    for (const url of ["fails/500", "gone/410", "reset/reset"]) {
      const endpoint = await shop.ask("POST", "/api/v1/webhook-endpoints", {
        url: `${env.RECEIVER_URL}/${CANARY}-${url}`,
        description: CANARY,
      });
      secrets.push(((await endpoint.json()) as { secret: string }).secret);
    }
    const rotated = await shop.ask("POST", "/api/v1/webhook-endpoints/default/rotate-secret", {});
    secrets.push(((await rotated.json()) as { secret: string }).secret);
    // What fails, each with a message that gives something away.
    const fault = new Error(`${CANARY} ${shop.key} ${env.ADMIN_TOKEN} ${CARDS[0]}`);
    fault.stack = `${fault.stack}\n    at ${CANARY}`.replace(/\n.*$/s, "");
    const create = (more = {}) => shop.create(body(more), freshKey(CANARY));
    await fate(`poison:${CANARY}`);
    await Promise.all([create(), create({ amount: 3 }), create({ amount: 4 })]);
    await fate("denied");
    const { id } = await shop.created(body({ amount: 5 }), freshKey(CANARY));
    await shop.process(id);
    spies.push(vi.spyOn(VelocityShard.prototype, "observe").mockImplementation(thrown(fault)));
    expect((await create()).status).toBe(503);
    spies.push(vi.spyOn(env.DB, "prepare").mockImplementation(thrown(fault)));
    await shop.cancel(id);
    await shop.get(TRANSACTIONS);
    spies.push(vi.spyOn(TransactionShard.prototype, "process").mockImplementation(thrown(fault)));
    expect((await shop.process(id)).status).toBe(500);
    await eventually(async () => {
      for (const event of ["risk.failed", "fault", "webhook.attempt", "stream.failed"]) {
        expect(lines(event), event).not.toEqual([]);
      }
      const { merchant_id } = shop;
      expect(lines("webhook_endpoint.disabled")).toMatchObject([{ merchant_id, reason: "gone" }]);
    });
    const given = [
      CANARY,
      BOOM,
      "739113791",
      "7391137.91",
      env.ADMIN_TOKEN,
      env.METRICS_TOKEN,
      ...keys,
      ...secrets,
      ...secrets.map((each) => each.slice("whsec_".length)),
      ...CARDS,
    ];
    expect(written.length).toBeGreaterThan(40);
    for (const line of written) {
      for (const text of given) expect(line).not.toContain(text);
      expect(line).not.toMatch(/sk_[a-z2-7]{8}|whsec_|bearer|"(data|body|headers|url)":/i);
    }
  });
});
