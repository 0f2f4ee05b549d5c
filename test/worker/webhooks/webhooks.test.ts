/** Webhooks from end to end: a transaction's events through the shard, the dispatcher, the queue and its
 *  consumer to a receiver over real HTTP, and back into the log. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { Webhook } from "standardwebhooks";
import { beforeAll, describe, expect, it } from "vitest";
import type { EventRecord } from "../../../src/domain/transaction/event";
import type { Env } from "../../../src/env";
import { WebhookCounters } from "../../../src/webhooks/counters";
import { Endpoints } from "../../../src/webhooks/store/endpoints";
import { type Client, freshKey, newClient, problem } from "../../support/api";
import { env } from "../../support/env";
import { eventually as settled, until } from "../../support/eventually";
import type { Arrival } from "../../support/receiver";
import { sized } from "../../support/sized";
import { endHanging, waitingUnder } from "../../support/with-timeout";

const ENDPOINTS = "/api/v1/webhook-endpoints";
const DELIVERIES = "/api/v1/webhook-deliveries";

type Endpoint = { id: string; secret: string; enabled: boolean; disabled_reason: string | null };
type Delivery = {
  id: string;
  endpoint_id: string | null;
  event_id: string;
  event_type: string;
  transaction_id: string | null;
  url: string;
  status: string;
  attempts: {
    number: number;
    status_code: number | null;
    error: string | null;
    duration_ms: number;
  }[];
  next_attempt_at: string | null;
  created_at: string;
};

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

const receiverUrl = (name: string, steps = "200") => `${env.RECEIVER_URL}/${name}/${steps}`;

async function arrivals(name: string): Promise<Arrival[]> {
  return (await (await fetch(`${env.RECEIVER_URL}/${name}`)).json()) as Arrival[];
}

async function json<Body>(response: Response, status: number): Promise<Body> {
  const text = await response.text();
  expect(response.status, text).toBe(status);
  return JSON.parse(text) as Body;
}

async function endpoint(client: Client, url: string, more: object = {}): Promise<Endpoint> {
  return json(await client.ask("POST", ENDPOINTS, { url, ...more }), 201);
}

async function deliveries(client: Client, query = ""): Promise<Delivery[]> {
  const all: Delivery[] = [];
  let cursor = "";
  do {
    const page = await json<{ data: Delivery[]; next_cursor: string | null }>(
      await client.get(`${DELIVERIES}?limit=100${query}${cursor}`),
      200,
    );
    all.push(...page.data);
    cursor = page.next_cursor ? `&cursor=${page.next_cursor}` : "";
  } while (cursor !== "");
  return all;
}

/** Waits for something to become true by itself. */
function eventually<Value>(
  look: () => Promise<Value>,
  holds: (value: Value) => boolean,
): Promise<Value> {
  return settled(async () => {
    const value = await look();
    if (!holds(value)) throw new Error(`still: ${JSON.stringify(value).slice(0, 2_000)}`);
    return value;
  });
}

const received = (name: string, count: number) =>
  eventually(
    () => arrivals(name),
    (seen) => new Set(seen.map(({ id }) => id)).size >= count,
  );

const dispatcherOf = (client: Client) => env.WEBHOOKS.getByName(client.merchant_id);

/** Brings every waiting delivery's time forward and lets the alarm see to it. */
async function hurry(client: Client): Promise<void> {
  const stub = dispatcherOf(client);
  await runInDurableObject(stub, (_, state) => {
    state.storage.sql.exec(
      "UPDATE deliveries SET next_at = 0 WHERE status = 'pending' AND lease IS NULL",
    );
    state.storage.sql.exec("UPDATE endpoints SET resting_until = 0");
  });
  await runInDurableObject(stub, (_, state) => state.storage.setAlarm(Date.now() + 60_000));
  await runDurableObjectAlarm(stub);
}

describe("a webhook", () => {
  it("tells an endpoint of every event, signed, with the transaction's own bytes", async () => {
    const client = await newClient();
    const { secret } = await endpoint(client, receiverUrl("all"));
    const { id } = await client.created({ description: "Ünïcode ✓" });
    await client.process(id);
    const seen = await received("all", 3);
    const events = await json<{
      data: { id: string; type: string; data: unknown; created_at: string }[];
    }>(await client.get(`/api/v1/transactions/${id}/events`), 200);
    expect(seen.map((arrival) => arrival.id).sort()).toEqual(
      events.data.map((event) => event.id).sort(),
    );
    for (const { id: messageId, headers, body } of seen) {
      const told = new Webhook(secret).verify(body, headers) as Record<string, unknown>;
      const event = events.data.find((one) => one.id === messageId);
      expect(told).toEqual({ type: event?.type, timestamp: event?.created_at, data: event?.data });
      expect(headers["content-type"]).toBe("application/json");
      expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow();
    }
    const log = await eventually(
      () => deliveries(client),
      (all) => all.every(({ status }) => status === "succeeded"),
    );
    expect(log).toHaveLength(3);
    for (const { attempts, transaction_id } of log) {
      expect(transaction_id).toBe(id);
      expect(attempts).toEqual([
        expect.objectContaining({ number: 1, status_code: 200, error: null }),
      ]);
    }
  });

  it("goes to those who want its type, and to nobody while they are switched off", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("completed"), { events: ["transaction.completed"] });
    await endpoint(client, receiverUrl("off"), { enabled: false });
    const { id } = await client.created();
    await client.process(id);
    const seen = await received("completed", 1);
    expect(seen.map(({ body }) => JSON.parse(body).type)).toEqual(["transaction.completed"]);
    expect(await arrivals("off")).toEqual([]);
  });

  it("goes to the URL that a transaction names, signed with the merchant's default secret", async () => {
    const client = await newClient();
    const { secret } = await json<{ secret: string }>(
      await client.ask("POST", `${ENDPOINTS}/default/rotate-secret`, {}),
      200,
    );
    const { id } = await client.created({ webhook_url: receiverUrl("own") });
    const [first] = await received("own", 1);
    expect(new Webhook(secret).verify(first?.body ?? "", first?.headers ?? {})).toMatchObject({
      data: { id },
    });
    const log = await deliveries(client, `&transaction_id=${id}`);
    expect(log).toEqual([expect.objectContaining({ endpoint_id: null, url: receiverUrl("own") })]);
  });

  it("is signed by both secrets while one replaces the other, and by one after that", async () => {
    const client = await newClient();
    const old = await endpoint(client, receiverUrl("rotation"));
    const rotate = async (body: object) =>
      json<{ secret: string }>(
        await client.ask("POST", `${ENDPOINTS}/${old.id}/rotate-secret`, body),
        200,
      );
    const fresh = await rotate({ expires_in_seconds: 3_600 });
    await client.created();
    const [both] = await received("rotation", 1);
    for (const { secret } of [old, fresh]) {
      expect(() => new Webhook(secret).verify(both?.body ?? "", both?.headers ?? {})).not.toThrow();
    }
    const last = await rotate({ expires_in_seconds: 0 });
    await client.created();
    const [, one] = await received("rotation", 2);
    new Webhook(last.secret).verify(one?.body ?? "", one?.headers ?? {});
    for (const { secret } of [old, fresh]) {
      expect(() => new Webhook(secret).verify(one?.body ?? "", one?.headers ?? {})).toThrow();
    }
  });

  it("is tried again until it is delivered, under one id, and every attempt is logged", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("again", "500,reset,200"), {
      events: ["transaction.created"],
    });
    await client.created();
    const seen = await eventually(
      () => arrivals("again"),
      (all) => all.length === 3,
    );
    expect(new Set(seen.map(({ id }) => id)).size).toBe(1);
    expect(new Set(seen.map(({ body }) => body)).size).toBe(1);
    const [delivery] = await eventually(
      () => deliveries(client),
      ([one]) => one?.status === "succeeded",
    );
    expect(
      delivery?.attempts.map(({ number, status_code, error }) => [number, status_code, error]),
    ).toEqual([
      [1, 500, "http_status"],
      [2, null, "connection_failed"],
      [3, 200, null],
    ]);
  });

  it.each([
    ["hang", "timeout", null],
    ["drip", null, 200],
    ["cut", null, 200],
    ["302", "redirect", 302],
    ["404", "http_status", 404],
    ["huge", null, 200],
    ["204", null, 204],
    ["tls", "connection_failed", null],
  ])("in the face of %s ends in time as %s", async (step, error, status) => {
    const client = await newClient();
    // What hangs once only leaves no later attempt hanging beside those of the next tests.
    const plain = receiverUrl(`odd-${step}`, step === "hang" ? "hang,200" : step);
    // Speaks no TLS where https is asked for.
    const url = step === "tls" ? plain.replace("http:", "https:") : plain;
    const { id } = await endpoint(client, url);
    let all: Delivery[] = [];
    const ended = await endHanging(
      "webhooks/queue/http-attempt",
      error === "timeout" ? 1 : 0,
      async () => {
        await json(await client.ask("POST", `${ENDPOINTS}/${id}/test`), 202);
        all = await eventually(
          () => deliveries(client),
          ([one]) => (one?.attempts.length ?? 0) > 0,
        );
      },
    );
    const [attempt] = all[0]?.attempts ?? [];
    expect([attempt?.error, attempt?.status_code]).toEqual([error, status]);
    expect(ended).toBe(error === "timeout" ? 1 : 0);
    expect(await arrivals("redirected")).toEqual([]);
  });

  it("of one endpoint does not wait for another that hangs, nor does a payment", async () => {
    const client = await newClient();
    const hanging = await endpoint(client, receiverUrl("stuck", "hang"));
    await endpoint(client, receiverUrl("quick"));
    const ids = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const { id } = await client.created({ user_id: `hung-${index}` });
        return id;
      }),
    );
    await Promise.all(ids.map((id) => client.process(id)));
    await received("quick", 90);
    const stuck = await deliveries(client, "&status=pending");
    expect(stuck.every(({ attempts }) => attempts.length === 0)).toBe(true);
    expect(stuck).toHaveLength(90);
    await client.ask("DELETE", `${ENDPOINTS}/${hanging.id}`);
    await endHanging("webhooks/queue/http-attempt", Number.POSITIVE_INFINITY, () =>
      until(() => waitingUnder("webhooks/queue/http-attempt") === 0),
    );
  });

  it("waits as long as Retry-After asks, within limits", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("busy", "after:600"), { events: ["transaction.created"] });
    const beforeMs = Date.now();
    await client.created();
    const [delivery] = await eventually(
      () => deliveries(client),
      ([one]) => (one?.attempts.length ?? 0) === 1,
    );
    const nextMs = Date.parse(delivery?.next_attempt_at ?? "");
    expect(nextMs).toBeGreaterThanOrEqual(beforeMs + 600_000);
    expect(nextMs).toBeLessThanOrEqual(Date.now() + 600_000);
  });

  it("that is answered 410 switches its endpoint off and tells the others", async () => {
    const client = await newClient();
    const gone = await endpoint(client, receiverUrl("gone", "410"));
    await endpoint(client, receiverUrl("others"), { events: ["webhook_endpoint.disabled"] });
    await client.created();
    const [told] = await received("others", 1);
    expect(JSON.parse(told?.body ?? "")).toMatchObject({
      type: "webhook_endpoint.disabled",
      data: { endpoint_id: gone.id, reason: "gone" },
    });
    const found = await json<Endpoint>(await client.get(`${ENDPOINTS}/${gone.id}`), 200);
    expect(found).toMatchObject({ enabled: false, disabled_reason: "gone" });
    await client.created({ user_id: "after" });
    expect(await arrivals("gone")).toHaveLength(1);
  });

  it("is dead after its last attempt, and lives again when it is asked for", async () => {
    const client = await newClient();
    const { id } = await endpoint(client, receiverUrl("dead", `${"500,".repeat(22)}200`), {
      events: ["transaction.created"],
    });
    await client.created();
    const alive = await eventually(
      async () => {
        await hurry(client);
        return deliveries(client);
      },
      ([one]) => one?.status === "dead",
    );
    expect(alive[0]?.attempts).toHaveLength(22);
    expect(await deliveries(client, "&status=dead")).toHaveLength(1);
    expect(await deliveries(client, "&status=pending")).toEqual([]);
    const recovered = await json<object>(
      await client.ask("POST", `${ENDPOINTS}/${id}/recover`, { since: alive[0]?.created_at }),
      202,
    );
    expect(recovered).toEqual({ redelivered: 1, has_more: false });
    await hurry(client);
    const [again] = await eventually(
      () => deliveries(client),
      ([one]) => one?.status === "succeeded",
    );
    expect(again?.attempts).toHaveLength(23);
    expect(new Set((await arrivals("dead")).map((arrival) => arrival.id)).size).toBe(1);
  });

  it("can be sent again after it was delivered", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("twice"), { events: ["transaction.created"] });
    await client.created();
    const [delivered] = await eventually(
      () => deliveries(client),
      ([one]) => one?.status === "succeeded",
    );
    await json(await client.ask("POST", `${DELIVERIES}/${delivered?.id}/redeliver`), 202);
    const seen = await eventually(
      () => arrivals("twice"),
      (all) => all.length === 2,
    );
    expect(seen[0]?.id).toBe(seen[1]?.id);
  });

  it("disables an endpoint that has been failing for three days", async () => {
    const client = await newClient();
    const { id } = await endpoint(client, receiverUrl("weak", "500"));
    await client.created();
    await eventually(
      () => deliveries(client),
      ([one]) => (one?.attempts.length ?? 0) > 0,
    );
    await runInDurableObject(dispatcherOf(client), (_, state) => {
      state.storage.sql.exec(
        "UPDATE endpoints SET failing_since = failing_since - 3 * 86400000 WHERE id = ?",
        id,
      );
    });
    await hurry(client);
    const found = await eventually(
      async () => json<Endpoint>(await client.get(`${ENDPOINTS}/${id}`), 200),
      ({ enabled }) => !enabled,
    );
    expect(found.disabled_reason).toBe("failing");
    const patched = await json<Endpoint>(
      await client.ask("PATCH", `${ENDPOINTS}/${id}`, { enabled: true }),
      200,
    );
    expect(patched).toMatchObject({ enabled: true, disabled_reason: null, failing_since: null });
  });
});

describe("many transactions and a receiver that fails 30 % of the time", () => {
  it("loses no event, and the log tells what the receiver tells", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("flaky", "flaky:30"));
    const expected = new Set<string>();
    const rounds = sized(3, 20);
    for (let round = 0; round < rounds; round++) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const { id } = await client.created({ user_id: `flaky-${round}-${index}` });
          expected.add(`evt_${id.slice(4)}_1`);
        }),
      );
    }
    expect(expected.size).toBe(50 * rounds);
    const log = await eventually(
      async () => {
        await hurry(client);
        return deliveries(client);
      },
      (all) => all.length === expected.size && all.every(({ status }) => status === "succeeded"),
    );
    const seen = await arrivals("flaky");
    expect(new Set(seen.filter(({ status }) => status === 200).map(({ id }) => id))).toEqual(
      expected,
    );
    const told = log.flatMap(({ event_id, attempts }) =>
      attempts.map(({ status_code }) => `${event_id} ${status_code}`),
    );
    expect(told.sort()).toEqual(seen.map(({ id, status }) => `${id} ${status}`).sort());
  });
});

describe("the way to a receiver", () => {
  it("takes an event over once, however often it is handed over", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("once"));
    const { id } = await client.created();
    await received("once", 1);
    const { data } = await json<{ data: Record<string, unknown>[] }>(
      await client.get(`/api/v1/transactions/${id}/events`),
      200,
    );
    const records = data.map((event, position) => ({
      position,
      merchant_id: client.merchant_id,
      transaction_id: id,
      sequence: event.sequence,
      type: event.type,
      created_at_ms: Date.parse(String(event.created_at)),
      data: JSON.stringify(event.data),
    })) as EventRecord[];
    await Promise.all(Array.from({ length: 20 }, () => dispatcherOf(client).accept(records)));
    await hurry(client);
    expect(await deliveries(client)).toHaveLength(1);
    expect(await arrivals("once")).toHaveLength(1);
  });

  it("makes one attempt of a message that the queue delivers many times", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("doubled", "hang,200"), { events: ["transaction.created"] });
    await client.created();
    const [delivery] = await eventually(
      () => deliveries(client),
      (all) => all.length === 1,
    );
    const notice = { merchant_id: client.merchant_id, delivery_id: delivery?.id ?? "", number: 1 };
    await received("doubled", 1);
    await env.WEBHOOK_QUEUE.sendBatch(Array.from({ length: 30 }, () => ({ body: notice })));
    await endHanging("webhooks/queue/http-attempt", 1, () =>
      eventually(
        () => deliveries(client),
        ([one]) => one?.status === "succeeded",
      ),
    );
    const log = await deliveries(client);
    expect(log[0]?.attempts.map(({ number }) => number)).toEqual([1, 2]);
    expect(await arrivals("doubled")).toHaveLength(2);
  });

  it("survives a lost queue message", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("lost"), { enabled: false });
    const { id } =
      (await json<{ data: Endpoint[] }>(await client.get(ENDPOINTS), 200)).data[0] ?? {};
    await json(await client.ask("POST", `${ENDPOINTS}/${id}/test`), 202);
    // As if it had been sent, and had got lost on the way.
    await runInDurableObject(dispatcherOf(client), (_, state) => {
      state.storage.sql.exec("UPDATE deliveries SET lease = 'sent', next_at = 1");
      state.storage.sql.exec("UPDATE endpoints SET enabled = 1");
    });
    await hurry(client);
    await received("lost", 1);
  });
});

describe("a dispatcher", () => {
  it("that fails holds up no other merchant's, and gets its events when it works again", async () => {
    const [broken, well] = [await newClient(), await newClient()];
    await endpoint(broken, receiverUrl("broken"));
    await endpoint(well, receiverUrl("well"));
    const rename = (from: string, to: string) =>
      runInDurableObject(dispatcherOf(broken), (_, { storage }) => {
        storage.sql.exec(`ALTER TABLE ${from} RENAME TO ${to}`);
      });
    await rename("bodies", "lost_bodies");
    // Enough for every shard.
    const create = (client: Client) =>
      Promise.all(
        Array.from({ length: 60 }, (_, at) => client.created({ user_id: `held-${at % 20}` })),
      );
    await create(broken);
    await create(well);
    await received("well", 60);
    await rename("lost_bodies", "bodies");
    await received("broken", 60);
  });

  /** Lets a merchant's dispatcher send into another queue for a while. */
  async function withQueue(
    client: Client,
    sendBatch: (real: Env["WEBHOOK_QUEUE"], ...given: unknown[]) => Promise<unknown>,
    work: () => Promise<void>,
  ): Promise<void> {
    const stub = dispatcherOf(client);
    const real = env.WEBHOOK_QUEUE;
    const use = (queue: unknown) =>
      runInDurableObject(stub, (dispatcher) => {
        (dispatcher as unknown as { env: Record<string, unknown> }).env.WEBHOOK_QUEUE = queue;
      });
    await use({ sendBatch: (...given: unknown[]) => sendBatch(real, ...given) });
    await work().finally(() => use(real));
  }

  it("reads what is open, however much has been delivered", async () => {
    const client = await newClient();
    const { id } = await endpoint(client, receiverUrl("long-history"), { enabled: false });
    await json(await client.ask("POST", `${ENDPOINTS}/${id}/test`), 202);
    const read = await runInDurableObject(dispatcherOf(client), (_, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 5000)
         INSERT INTO deliveries (id, endpoint_id, message_id, event_type, url, status, attempts, tries,
           created_at, started_at, finished_at) SELECT 'whd_' || n, ?, n, 'x', 'x', 'succeeded', 1, 1, 1, 1,
           ? FROM many`,
        id,
        Date.now(),
      );
      storage.sql.exec("UPDATE endpoints SET enabled = 1");
      const cursors: { rowsRead: number }[] = [];
      const exec = (query: string, ...given: unknown[]) => {
        const cursor = storage.sql.exec(query, ...given);
        cursors.push(cursor);
        return cursor;
      };
      const sql = { exec } as unknown as SqlStorage;
      const counters = new WebhookCounters(storage.sql, true);
      const found = new Endpoints(sql, counters).withWork(Date.now());
      expect(found).toEqual([{ id, room: 20 }]);
      return cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
    });
    expect(read).toBeLessThan(20);
  });

  it("leaves alone what was delivered although the queue said that it took nothing", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("taken-after-all"), { events: ["transaction.created"] });
    const taken = async () => (await arrivals("taken-after-all")).length > 0;
    let faults = 0;
    await withQueue(
      client,
      async (real, messages) => {
        await real.sendBatch(messages as never);
        await eventually(taken, (is) => is);
        await eventually(
          () => deliveries(client),
          ([one]) => one?.status === "succeeded",
        );
        faults += 1;
        throw new Error("no answer");
      },
      async () => {
        await client.created();
        await eventually(
          async () => faults,
          (count) => count > 0,
        );
      },
    );
    const [delivery] = await deliveries(client);
    expect(delivery).toMatchObject({ status: "succeeded", next_attempt_at: null });
  });

  it("has its alarm back soon from a queue that does not answer", async () => {
    const client = await newClient();
    const { id } = await endpoint(client, receiverUrl("silent-queue"), { enabled: false });
    await json(await client.ask("POST", `${ENDPOINTS}/${id}/test`), 202);
    await withQueue(
      client,
      () => new Promise(() => {}),
      async () => {
        await runInDurableObject(dispatcherOf(client), (_, { storage }) => {
          storage.sql.exec("UPDATE endpoints SET enabled = 1");
        });
        expect(await endHanging("webhooks/queue/enqueue", 2, () => hurry(client))).toBeGreaterThan(
          0,
        );
      },
    );
  });

  it("gives up and forgets a bounded number at a time, and all in the end", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("old-times"), { enabled: false });
    const left = await runInDurableObject(dispatcherOf(client), async (dispatcher, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 3000)
         INSERT INTO deliveries (id, endpoint_id, message_id, event_type, url, status, attempts, tries,
           created_at, started_at, finished_at) SELECT 'whd_' || n, 'x', n, 'x', 'x',
           iif(n % 3 = 0, 'pending', 'succeeded'), 1, 1, 1, 1, iif(n % 3 = 0, NULL, 1) FROM many`,
      );
      const count = (where: string) =>
        Number(storage.sql.exec(`SELECT count(*) AS n FROM deliveries ${where}`).one().n);
      const counts = () => [count(""), count("WHERE status = 'pending'")];
      await dispatcher.alarm();
      return counts();
    });
    expect(left).toEqual([2_500, 500]);
    await eventually(
      async () => {
        await hurry(client);
        return (await deliveries(client)).map(({ status }) => status);
      },
      (all) => all.length === 1_000 && all.every((status) => status === "dead"),
    );
  });

  it("sends again what was on its way to the dead-letter queue", async () => {
    const client = await newClient();
    const { id } = await endpoint(client, receiverUrl("last-minute"), { enabled: false });
    const { id: delivery } = await json<Delivery>(
      await client.ask("POST", `${ENDPOINTS}/${id}/test`),
      202,
    );
    await runInDurableObject(dispatcherOf(client), (_, { storage }) => {
      storage.sql.exec(
        "UPDATE deliveries SET attempts = 22, tries = 22, lease = 'sent', next_at = ?",
        Date.now() + 30_000,
      );
      storage.sql.exec("UPDATE endpoints SET enabled = 1");
    });
    await json(await client.ask("POST", `${DELIVERIES}/${delivery}/redeliver`), 202);
    await dispatcherOf(client).giveUp(delivery);
    await received("last-minute", 1);
  });
});

describe("the API of webhooks", () => {
  it("shows a secret once and never again", async () => {
    const client = await newClient();
    const { id, secret } = await endpoint(client, receiverUrl("secret"));
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    await client.created();
    await received("secret", 1);
    for (const path of [ENDPOINTS, `${ENDPOINTS}/${id}`, DELIVERIES]) {
      expect(await (await client.get(path)).text()).not.toContain("whsec_");
    }
  });

  it("keeps merchants apart", async () => {
    const other = await newClient();
    const { id } = await endpoint(shop, receiverUrl("apart"));
    const { id: delivery } = await json<Delivery>(
      await shop.ask("POST", `${ENDPOINTS}/${id}/test`),
      202,
    );
    const foreign: [string, string, object?][] = [
      ["GET", `${ENDPOINTS}/${id}`],
      ["PATCH", `${ENDPOINTS}/${id}`, { enabled: false }],
      ["DELETE", `${ENDPOINTS}/${id}`],
      ["POST", `${ENDPOINTS}/${id}/rotate-secret`, {}],
      ["POST", `${ENDPOINTS}/${id}/test`],
      ["POST", `${ENDPOINTS}/${id}/recover`, { since: "2026-01-01T00:00:00Z" }],
      ["GET", `${DELIVERIES}/${delivery}`],
      ["POST", `${DELIVERIES}/${delivery}/redeliver`],
    ];
    for (const [method, path, body] of foreign) {
      const response = await other.ask(method, path, body);
      expect(response.status, `${method} ${path}`).toBe(404);
      expect((await problem(response)).code).toMatch(/_not_found$/);
    }
    expect((await json<{ data: [] }>(await other.get(ENDPOINTS), 200)).data).toEqual([]);
    expect(await deliveries(other)).toEqual([]);
  });

  it.each([
    [{}, "#/url"],
    [{ url: "ftp://shop.example" }, "#/url"],
    [{ url: "https://user:pass@shop.example" }, "#/url"],
    [{ url: 5 }, "#/url"],
    [{ url: "https://shop.example.com", events: [] }, "#/events"],
    [{ url: "https://shop.example.com", events: ["transaction.exploded"] }, "#/events/0"],
    [{ url: "https://shop.example.com", events: "*" }, "#/events"],
    [{ url: "https://shop.example.com", enabled: "yes" }, "#/enabled"],
    [{ url: "https://shop.example.com", description: "x".repeat(501) }, "#/description"],
    [{ url: "https://shop.example.com", color: "red" }, "#/color"],
  ])("refuses %j and names %s", async (body, pointer) => {
    const response = await shop.ask("POST", ENDPOINTS, body);
    expect(response.status).toBe(400);
    expect((await problem(response)).errors?.map((error) => error.pointer)).toContain(pointer);
  });

  it("gives up what is open for an endpoint that is removed", async () => {
    const client = await newClient();
    const { id } = await endpoint(client, receiverUrl("removed", "500"));
    await client.created();
    await eventually(
      () => arrivals("removed"),
      (seen) => seen.length > 0,
    );
    expect((await client.ask("DELETE", `${ENDPOINTS}/${id}`)).status).toBe(204);
    const [delivery] = await eventually(
      () => deliveries(client),
      ([one]) => one?.status === "dead",
    );
    const again = await client.ask("POST", `${DELIVERIES}/${delivery?.id}/redeliver`);
    expect((await problem(again)).code).toBe("webhook_endpoint_not_found");
  });

  it("pages through the log without gaps or repeats", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("pages"), { events: ["transaction.created"] });
    for (let index = 0; index < 7; index++) await client.created({}, freshKey("pages"));
    await received("pages", 7);
    const ids: string[] = [];
    let cursor = "";
    do {
      const page = await json<{ data: Delivery[]; next_cursor: string | null; has_more: boolean }>(
        await client.get(`${DELIVERIES}?limit=3${cursor}`),
        200,
      );
      ids.push(...page.data.map(({ id }) => id));
      expect(page.has_more).toBe(page.next_cursor !== null);
      cursor = page.next_cursor ? `&cursor=${page.next_cursor}` : "";
    } while (cursor !== "");
    expect(new Set(ids).size).toBe(7);
    expect(ids).toHaveLength(7);
  });
});
