/** No event is lost on the way to a receiver that fails, nor by a queue that repeats or loses messages. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { EventRecord } from "../../../src/domain/transaction/event";
import { newClient } from "../../support/api";
import { env } from "../../support/env";
import { sized } from "../../support/sized";
import {
  arrivals,
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
