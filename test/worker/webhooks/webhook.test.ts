/** Webhooks: to whom they go, how they are signed, and their attempts. */
import { runInDurableObject } from "cloudflare:test";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { newClient } from "../../support/api";
import { until } from "../../support/eventually";
import {
  arrivals,
  DELIVERIES,
  type Delivery,
  deliveries,
  dispatcherOf,
  ENDPOINTS,
  type Endpoint,
  endpoint,
  eventually,
  hurry,
  json,
  received,
  receiverUrl,
} from "../../support/webhooks-api";
import { endHanging, waitingUnder } from "../../support/with-timeout";

describe("a webhook", () => {
  it("An endpoint gets every event, signed, with the transaction's own bytes", async () => {
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

  it("The webhooks of a refund have the refund's own bytes, and go to the endpoints that want them", async () => {
    const client = await newClient();
    const { secret } = await endpoint(client, receiverUrl("refunds"), {
      events: ["refund.created", "refund.succeeded"],
    });
    const { id } = await client.created();
    await client.process(id);
    const text = await (await client.refund(id, { amount: 3, reason: "Ünïcode ✓" })).text();
    const refund = JSON.parse(text);
    const seen = await received("refunds", 2);
    const told = seen.map(({ body, headers }) => {
      new Webhook(secret).verify(body, headers);
      return JSON.parse(body);
    });
    expect(told.map(({ type }) => type).sort()).toEqual(["refund.created", "refund.succeeded"]);
    const last = seen.find(({ body }) => body.startsWith('{"type":"refund.succeeded"'));
    expect(last?.id).toBe(`evt_${id.slice(4)}_5`);
    expect(last?.body.endsWith(`,"data":${text}}`)).toBe(true);
    const first = told.find(({ type }) => type === "refund.created");
    expect(first.data).toMatchObject({ id: refund.id, transaction_id: id, status: "pending" });
    const log = await deliveries(client, `&transaction_id=${id}`);
    expect(log).toHaveLength(2);
  });

  it("A webhook goes to the endpoints that want its type, and to none that is disabled", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("completed"), { events: ["transaction.completed"] });
    await endpoint(client, receiverUrl("off"), { enabled: false });
    const { id } = await client.created();
    await client.process(id);
    const seen = await received("completed", 1);
    expect(seen.map(({ body }) => JSON.parse(body).type)).toEqual(["transaction.completed"]);
    expect(await arrivals("off")).toEqual([]);
  });

  it("A webhook goes to the URL that a transaction names, signed with the merchant's default secret", async () => {
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

  it("A webhook is signed with both secrets during a rotation, and with one after it", async () => {
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

  it("A webhook is retried until it is delivered, under one id, and every attempt is logged", async () => {
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
  ])("An attempt that meets %s ends in time as %s", async (step, error, status) => {
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

  it("A webhook does not wait for another endpoint that hangs, nor does a payment", async () => {
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

  it("A webhook waits as long as Retry-After requests, within limits", async () => {
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

  it("A webhook with the response 410 disables its endpoint and cancels the other deliveries", async () => {
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

  it("A webhook is dead after its last attempt, and can be restarted", async () => {
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

  it("A delivery shows the URL to which it is sent when that of its endpoint has changed", async () => {
    const client = await newClient();
    const { id } = await endpoint(client, receiverUrl("moved-from", "500"), {
      events: ["transaction.created"],
    });
    await client.created();
    await eventually(
      () => deliveries(client),
      ([one]) => one?.attempts.length === 1,
    );
    const url = receiverUrl("moved-to");
    await json(await client.ask("PATCH", `${ENDPOINTS}/${id}`, { url }), 200);
    expect(await deliveries(client)).toMatchObject([{ status: "pending", url }]);
    await hurry(client);
    const [sent] = await eventually(
      () => deliveries(client),
      ([one]) => one?.status === "succeeded",
    );
    expect(sent?.url).toBe(url);
    expect(await arrivals("moved-to")).toHaveLength(1);
    const later = receiverUrl("moved-again");
    await json(await client.ask("PATCH", `${ENDPOINTS}/${id}`, { url: later }), 200);
    expect(await deliveries(client)).toMatchObject([{ status: "succeeded", url }]);
  });

  it("A delivery to a disabled endpoint has no next attempt until that is enabled", async () => {
    const client = await newClient();
    const { id } = await endpoint(client, receiverUrl("rests"), { enabled: false });
    const tested = await client.ask("POST", `${ENDPOINTS}/${id}/test`);
    expect(await json<Delivery>(tested, 202)).toMatchObject({
      status: "pending",
      next_attempt_at: null,
    });
    expect(await deliveries(client)).toMatchObject([{ status: "pending", next_attempt_at: null }]);
    await json(await client.ask("PATCH", `${ENDPOINTS}/${id}`, { enabled: true }), 200);
    await received("rests", 1);
  });

  it("A delivered webhook can be sent again", async () => {
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

  it("An endpoint that has been failing for three days is disabled", async () => {
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
