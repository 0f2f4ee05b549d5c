/** A merchant's dispatcher: isolation, bounds and recovery. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { Leases } from "../../../src/webhooks/leases";
import { DueDeliveries } from "../../../src/webhooks/store/due-deliveries";
import { type Client, newClient } from "../../support/api";
import {
  arrivals,
  DELIVERIES,
  type Delivery,
  deliveries,
  dispatcherOf,
  ENDPOINTS,
  endpoint,
  eventually,
  hurry,
  json,
  received,
  receiverUrl,
  withQueue,
} from "../../support/webhooks-api";
import { endHanging } from "../../support/with-timeout";

describe("a dispatcher", () => {
  it("A dispatcher that fails delays no other merchant's, and gets its events when it works again", async () => {
    const [broken, well] = [await newClient(), await newClient()];
    await endpoint(broken, receiverUrl("broken"));
    await endpoint(well, receiverUrl("well"));
    const rename = (from: string, to: string) =>
      runInDurableObject(dispatcherOf(broken), (_, { storage }) => {
        storage.sql.exec(`ALTER TABLE ${from} RENAME TO ${to}`);
      });
    await rename("deliveries", "lost_deliveries");
    // Enough for every shard.
    const create = (client: Client) =>
      Promise.all(
        Array.from({ length: 60 }, (_, at) => client.created({ user_id: `held-${at % 20}` })),
      );
    await create(broken);
    await create(well);
    await received("well", 60);
    await rename("lost_deliveries", "deliveries");
    await received("broken", 60);
  });

  it("A dispatcher reads what is open, however much has been delivered", async () => {
    const client = await newClient();
    const { id } = await endpoint(client, receiverUrl("long-history"), { enabled: false });
    await json(await client.ask("POST", `${ENDPOINTS}/${id}/test`), 202);
    const read = await runInDurableObject(dispatcherOf(client), (_, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 5000)
         INSERT INTO deliveries (id, endpoint_id, message_id, event_type, url, status, attempts, tries,
           created_at, started_at, finished_at, log, body) SELECT 'whd_' || n, ?, n, 'x', 'x', 'succeeded',
           1, 1, 1, 1, ?, '[]', '{}' FROM many`,
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
      const due = new DueDeliveries(sql, new Leases());
      expect(due.listEndpoints(Date.now())).toEqual([{ id, capacity: 20 }]);
      expect(due.nextAtMs(Date.now())).toBeLessThanOrEqual(Date.now());
      return cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
    });
    expect(read).toBeLessThan(20);
  });

  it("A dispatcher does not send again what was delivered although the queue reported a failure", async () => {
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

  it("A dispatcher sets its alarm soon when the queue does not respond", async () => {
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

  it("A dispatcher gives up and deletes a bounded number at a time, and all in the end", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("old-times"), { enabled: false });
    const left = await runInDurableObject(dispatcherOf(client), async (dispatcher, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 3000)
         INSERT INTO deliveries (id, endpoint_id, message_id, event_type, url, status, attempts, tries,
           created_at, started_at, finished_at, log, body) SELECT 'whd_' || n, 'x', n, 'x', 'x',
           iif(n % 3 = 0, 'pending', 'succeeded'), 1, 1, 1, 1, iif(n % 3 = 0, NULL, 1), '[]', '{}'
         FROM many`,
      );
      const count = (where: string) =>
        Number(storage.sql.exec(`SELECT count(*) AS n FROM deliveries ${where}`).one().n);
      const counts = () => [count(""), count("WHERE status = 'pending'")];
      await dispatcher.alarm();
      return counts();
    });
    // It has examined 500, deleted those that had succeeded, and ended 500 of the others.
    expect(left).toEqual([2_666, 500]);
    await eventually(
      async () => {
        await hurry(client);
        return (await deliveries(client)).map(({ status }) => status);
      },
      (all) => all.length === 1_000 && all.every((status) => status === "dead"),
    );
  });

  it("A dispatcher sends again what was on its way to the dead-letter queue", async () => {
    const client = await newClient();
    const { id } = await endpoint(client, receiverUrl("last-minute"), { enabled: false });
    const { id: delivery } = await json<Delivery>(
      await client.ask("POST", `${ENDPOINTS}/${id}/test`),
      202,
    );
    await runInDurableObject(dispatcherOf(client), async (dispatcher, { storage }) => {
      storage.sql.exec("UPDATE deliveries SET attempts = 22, tries = 22");
      storage.sql.exec("UPDATE endpoints SET enabled = 1");
      const { env } = dispatcher as unknown as { env: Record<string, unknown> };
      const real = env.WEBHOOK_DEAD_QUEUE;
      env.WEBHOOK_DEAD_QUEUE = { sendBatch: async () => {} };
      await dispatcher.alarm();
      env.WEBHOOK_DEAD_QUEUE = real;
    });
    await json(await client.ask("POST", `${DELIVERIES}/${delivery}/redeliver`), 202);
    await dispatcherOf(client).giveUp(delivery);
    await received("last-minute", 1);
  });
});
