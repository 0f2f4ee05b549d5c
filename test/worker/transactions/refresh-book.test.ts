/** Lists, the feed and the metrics show what was answered before they were asked for, or say since when they may not. */
import { describe, expect, it } from "vitest";
import { type Client, newClient, TRANSACTIONS } from "../../support/api";
import { ask, type Bindings } from "../../support/contract";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";
import { ownerOf, shop, times } from "../../support/owner";

type Page = { data: { id: string }[]; stale_since: string | null };

const page = async (client: Client, path: string, bindings: Bindings = {}) => {
  const response = await ask(path, { key: client.key, env: bindings });
  expect(response.status).toBe(200);
  return { headers: response.headers, ...((await response.json()) as Page) };
};

describe("a list", () => {
  it("A list shows every payment that was answered before it was asked for", async () => {
    for (const at of times(30, (index) => index)) {
      const { id } = await shop.created({ user_id: `fresh_${at}` });
      const listed = await page(shop, `${TRANSACTIONS}?limit=1`);
      expect(listed.data.map((one) => one.id)).toEqual([id]);
      expect(listed.stale_since).toBeNull();
      expect(listed.headers.has("data-age")).toBe(false);
    }
  });

  it("A list shows a charge that was answered before it was asked for, also by status", async () => {
    const { id } = await shop.created({ user_id: "charged" });
    await shop.process(id);
    const listed = await page(shop, `${TRANSACTIONS}?user_id=charged&status=completed`);
    expect(listed.data.map((one) => one.id)).toEqual([id]);
  });

  it("A list shows what was answered while its outcome is not known: payments, captures, refunds", async () => {
    const client = await newClient();
    const pending = { metadata: { processor: "pending", processor_capture: "pending" } };
    for (const at of times(5, (index) => index)) {
      const user_id = `open_${at}`;
      const made = await client.create({ user_id, process: true, ...pending });
      const { id } = (await made.json()) as { id: string };
      const paid = await client.created({ user_id, process: true });
      const refund = await client.refund(paid.id, pending);
      const { id: refundId } = (await refund.json()) as { id: string };
      const held = await client.created({
        user_id,
        process: true,
        capture_method: "manual",
        metadata: { processor_capture: "pending" },
      });
      const captured = await client.capture(held.id);
      expect([made.status, refund.status, captured.status]).toEqual([202, 201, 202]);
      const open = await page(client, `${TRANSACTIONS}?user_id=${user_id}&status=processing`);
      expect(new Set(open.data.map((one) => one.id))).toEqual(new Set([held.id, id]));
      const refunds = await page(client, "/api/v1/refunds?status=pending&limit=1");
      expect(refunds.data.map((one) => one.id)).toEqual([refundId]);
    }
  });

  it("The feed ends with the newest event that was answered", async () => {
    const client = await newClient();
    const { id } = await client.created();
    await client.process(id);
    const feed = await client.get("/api/v1/events?limit=100");
    const { data, stale_since } = (await feed.json()) as {
      data: { transaction_id: string; sequence: number }[];
      stale_since: string | null;
    };
    expect(data.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(stale_since).toBeNull();
  });
});

/** With an object for each transaction, responses wait for the book instead. */
describe.runIf(env.TRANSACTION_SHARDS !== "0")("a list while a part fails", () => {
  /** The shards, of which one does this when it is asked to write the book. */
  const withShard = (dead: string, refreshBook: () => Promise<never>): Bindings => ({
    TRANSACTIONS: {
      getByName: (name: string) =>
        name === dead ? { refreshBook } : env.TRANSACTIONS.getByName(name),
    },
  });
  const rejects = () => Promise.reject(new Error("dead"));
  /** A shard that has failed in an earlier test is called again after a while. */
  const wholePage = (client: Client) =>
    eventually(async () => {
      const listed = await page(client, TRANSACTIONS);
      expect(listed.stale_since).toBeNull();
      return listed;
    });

  it("A shard that fails: the page has the time at which the book was last known to be complete", async () => {
    const client = await newClient();
    const { id } = await client.created();
    const unknown = await page(client, TRANSACTIONS, withShard("shard-3", rejects));
    expect(unknown.stale_since).toBe("1970-01-01T00:00:00.000Z");
    expect(Number(unknown.headers.get("data-age"))).toBeGreaterThan(1_000_000_000);
    expect(unknown.data.length).toBeLessThanOrEqual(1);

    const before = Date.now();
    await wholePage(client);
    const known = await page(client, TRANSACTIONS, withShard("shard-4", rejects));
    expect(Date.parse(known.stale_since ?? "")).toBeGreaterThanOrEqual(before);
    expect(Number(known.headers.get("data-age"))).toBeGreaterThan(0);
    expect(known.data.map((one) => one.id)).toEqual([id]);
  });

  it("A shard that has failed is not asked again at once", async () => {
    const client = await newClient();
    let asked = 0;
    const failing = withShard("shard-5", () => {
      asked += 1;
      return rejects();
    });
    for (const _ of times(5, () => 0)) await page(client, TRANSACTIONS, failing);
    expect(asked).toBe(1);
  });

  it("A D1 that refuses writes: the page has the time of the first event that is missing", async () => {
    const client = await newClient();
    const { id: first } = await client.created();
    await wholePage(client);
    await env.DB.exec(
      "CREATE TRIGGER refuse BEFORE INSERT ON feed_events BEGIN SELECT RAISE(ABORT, 'refused'); END",
    );
    const { id: missing, created_at } = await client.created();
    const listed = await page(client, TRANSACTIONS).finally(() =>
      env.DB.exec("DROP TRIGGER refuse"),
    );
    expect(listed.data.map(({ id }) => id)).toEqual([first]);
    expect(listed.stale_since).toBe(created_at);
    const feed = await page(client, "/api/v1/events");
    expect(feed.data).toHaveLength(1);
    expect((await wholePage(client)).data.map(({ id }) => id)).toEqual([missing, first]);
  });

  it("A list does not wait for what other merchants have outstanding", async () => {
    const [quiet, busy] = [await newClient(), await newClient()];
    await quiet.created();
    await wholePage(quiet);
    await env.DB.exec(
      "CREATE TRIGGER refuse BEFORE INSERT ON feed_events BEGIN SELECT RAISE(ABORT, 'refused'); END",
    );
    const { id } = await busy.created();
    const listed = await page(quiet, TRANSACTIONS);
    await env.DB.exec("DROP TRIGGER refuse");
    expect(listed.stale_since).toBeNull();
    await eventually(async () => expect(await ownerOf(id).refreshBook(null)).toBeNull());
  });
});
