/** No event is lost on the way to a receiver that fails, nor by a queue that repeats or loses messages. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { EventRecord } from "../../../src/domain/transaction/event";
import type { DeliveryNotice } from "../../../src/webhooks/rpc";
import { newClient } from "../../support/api";
import { env } from "../../support/env";
import { sized } from "../../support/sized";
import {
  arrivals,
  crash,
  deliveries,
  dispatcherOf,
  endpoint,
  eventually,
  hurry,
  json,
  received,
  receiverUrl,
  withQueue,
} from "../../support/webhooks-api";
import { endHanging } from "../../support/with-timeout";

describe("many transactions and a receiver that fails 30 % of the time", () => {
  it("Many transactions and a receiver that fails 30 % of the time lose no event, and the log matches the receiver", async () => {
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

describe("deliveries to a receiver", () => {
  it("A dispatcher accepts an event once, however often it is sent", async () => {
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

  it("A message that the queue delivers many times makes one attempt", async () => {
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

  it("A delivery survives a lost queue message", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("lost"), { events: ["transaction.created"] });
    let lost = 0;
    const lose = async () => {
      lost += 1;
    };
    await withQueue(client, lose, async () => {
      await client.created();
      await eventually(
        async () => lost,
        (count) => count === 1,
      );
      await hurry(client);
      expect(lost).toBe(1);
    });
    await runInDurableObject(dispatcherOf(client), async (dispatcher) => {
      vi.useFakeTimers({ now: Date.now() + 30_000, toFake: ["Date"] });
      await dispatcher.alarm().finally(() => vi.useRealTimers());
    });
    await received("lost", 1);
  });

  it("A dispatcher that is killed sends again what was under way, once each, and loses nothing", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("killed"), { events: ["transaction.created"] });
    const before: DeliveryNotice[] = [];
    const hold = async (_: unknown, messages: unknown) => {
      before.push(...(messages as { body: DeliveryNotice }[]).map(({ body }) => body));
    };
    await withQueue(client, hold, async () => {
      await Promise.all(
        Array.from({ length: 10 }, (_, at) => client.created({ user_id: `killed-${at}` })),
      );
      await eventually(
        async () => before,
        (notices) => notices.length === 10,
      );
      // Half of them are with a consumer, which ends with them.
      expect(await dispatcherOf(client).take(before.slice(0, 5))).toHaveLength(5);
      expect(await dispatcherOf(client).take(before.slice(0, 5))).toHaveLength(0);
    });
    await crash(client);
    // The queue delivers the messages from before too: beside the new ones, and after them.
    await env.WEBHOOK_QUEUE.sendBatch(before.map((body) => ({ body })));
    await hurry(client);
    await received("killed", 10);
    await env.WEBHOOK_QUEUE.sendBatch(before.map((body) => ({ body })));
    await eventually(
      () => deliveries(client),
      (all) => all.length === 10 && all.every(({ status }) => status === "succeeded"),
    );
    await hurry(client);
    expect(await arrivals("killed")).toHaveLength(10);
  });
});
