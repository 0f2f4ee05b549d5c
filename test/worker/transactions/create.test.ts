/** Creates: idempotency, racing requests, and the fraud rules. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { freshKey, newClient, problem, processorSaw, TRANSACTIONS } from "../../support/api";
import { bookRows, eventTypes, ownerOf, shop, times } from "../../support/owner";
import { sized } from "../../support/sized";

describe("creating", () => {
  it("A create returns the whole transaction and its location", async () => {
    const response = await shop.create(
      { user_id: "user_7", amount: 100.5, description: "Books", metadata: { order: "1" } },
      "first",
    );
    expect(response.status).toBe(201);
    const body = (await response.json()) as Transaction;
    expect(body).toMatchObject({
      idempotency_key: "first",
      user_id: "user_7",
      amount: 100.5,
      amount_minor: 10050,
      currency: "USD",
      status: "pending",
      fraud_score: 0,
      risk: { decision: "approve", reasons: [] },
      failure: null,
      description: "Books",
      metadata: { order: "1" },
      webhook_url: null,
      version: 1,
    });
    expect(response.headers.get("Location")).toBe(`${TRANSACTIONS}/${body.id}`);
    expect(response.headers.get("Request-Id")).toMatch(/^req_/);
    expect(await shop.find(body.id)).toEqual(body);
  });

  it("200 racing creates with one key make one transaction", async () => {
    const key = freshKey("race");
    const responses = await Promise.all(times(200, () => shop.create({ amount: "12.00" }, key)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([201]));
    const bodies = new Set(await Promise.all(responses.map((response) => response.text())));
    expect(bodies.size).toBe(1);
    const { id } = JSON.parse([...bodies][0] ?? "") as Transaction;
    expect(responses.filter(({ headers }) => !headers.has("Idempotent-Replayed"))).toHaveLength(1);
    expect(await eventTypes(id)).toEqual(["transaction.created"]);
    const { transactions, events } = await bookRows(id);
    expect(transactions).toHaveLength(1);
    expect(events).toHaveLength(1);
  });

  it("A batch that cannot be written completely leaves nothing behind", async () => {
    const key = freshKey("unwritten");
    const { id } = (await (await shop.create({ amount: "12.00" }, key)).json()) as Transaction;
    await runInDurableObject(ownerOf(id), (_, { storage }) => {
      // FAIL leaves the row of the event: the claim fails with its writing half done.
      storage.sql.exec(`CREATE TRIGGER no_room AFTER INSERT ON events
        BEGIN SELECT RAISE(FAIL, 'no room'); END`);
    });
    const claims = await Promise.all(times(3, () => shop.post(`${TRANSACTIONS}/${id}/process`)));
    expect(claims.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(await shop.find(id)).toMatchObject({ status: "pending", version: 1 });
    expect(await eventTypes(id)).toEqual(["transaction.created"]);

    await runInDurableObject(ownerOf(id), (_, { storage }) => {
      storage.sql.exec("DROP TRIGGER no_room");
    });
    expect((await shop.post(`${TRANSACTIONS}/${id}/process`)).status).toBe(200);
    expect(await eventTypes(id)).toHaveLength(3);
    expect((await bookRows(id)).events).toHaveLength(3);
  });

  it("A racing create with another body is refused with the names of the fields", async () => {
    const key = freshKey("mixed");
    const responses = await Promise.all(
      times(200, (index) =>
        shop.create(index % 4 === 3 ? { amount: 13, user_id: "other" } : { amount: 12 }, key),
      ),
    );
    const statuses = responses.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(150);
    expect(statuses.filter((status) => status === 422)).toHaveLength(50);
    const refused = await problem(responses[3] as Response);
    expect(refused.code).toBe("idempotency_key_reused");
    expect(refused.errors?.map(({ pointer }) => pointer)).toEqual(["#/user_id", "#/amount"]);
    const ids = await Promise.all(
      responses
        .filter(({ status }) => status === 201)
        .map(async (r) => ((await r.json()) as Transaction).id),
    );
    expect(new Set(ids).size).toBe(1);
  });

  it("A repeated create gets the first response byte for byte after everything else has happened", async () => {
    const key = freshKey("replay");
    const first = await (await shop.create({ metadata: { b: "2", a: "1" } }, key)).text();
    const { id } = JSON.parse(first) as Transaction;
    await shop.process(id);
    await evictDurableObject(ownerOf(id));
    const replay = await shop.create({ metadata: { a: "1", b: "2" } }, key);
    expect(replay.status).toBe(201);
    expect(replay.headers.get("Idempotent-Replayed")).toBe("true");
    expect(await replay.text()).toBe(first);
    expect((await shop.find(id)).status).toBe("completed");
  });

  it("Two spellings of an amount are the same request", async () => {
    const key = freshKey("spelling");
    const one = await shop.created({ amount: 100.5 }, key);
    const two = await shop.created({ amount: "100.50" }, key);
    const three = await shop.created(
      { amount: "1005e-1", currency: "USD", description: null },
      key,
    );
    expect(new Set([one.id, two.id, three.id]).size).toBe(1);
  });

  it("Equal keys of two merchants are two transactions", async () => {
    const other = await newClient();
    const key = freshKey("shared");
    const [mine, theirs] = await Promise.all([
      shop.created({}, key),
      other.created({ amount: 99 }, key),
    ]);
    expect(mine.id).not.toBe(theirs.id);
    expect((await shop.find(mine.id)).amount).toBe(10);
  });

  it("A payment is blocked by the rules, with reasons, and a repeated create gets the block", async () => {
    const key = freshKey("blocked");
    const response = await shop.create({ user_id: "rich", amount: 20_000 }, key);
    const text = await response.text();
    const transaction = JSON.parse(text) as Transaction;
    expect(response.status).toBe(201);
    expect(transaction).toMatchObject({ status: "failed", fraud_score: 70, version: 2 });
    expect(transaction.failure?.code).toBe("risk_blocked");
    expect(transaction.risk.reasons.map(({ rule, points }) => [rule, points])).toEqual([
      ["amount_above_threshold", 40],
      ["amount_above_twice", 30],
    ]);
    expect(await eventTypes(transaction.id)).toEqual(["transaction.created", "transaction.failed"]);
    expect(await (await shop.create({ user_id: "rich", amount: 20_000 }, key)).text()).toBe(text);
    expect((await problem(await shop.process(transaction.id))).code).toBe("illegal_transition");
    expect((await problem(await shop.cancel(transaction.id))).code).toBe("illegal_transition");
    expect((await processorSaw(transaction.id)).calls).toBe(0);
  });

  it("A small payment does not lower the score of a large one of the same customer", async () => {
    expect((await shop.created({ user_id: "sheltered", amount: 1 })).fraud_score).toBe(0);
    expect((await shop.created({ user_id: "sheltered", amount: 20_000 })).status).toBe("failed");
  });

  it("A customer's payments of a day are counted exactly under concurrent payments and their retries", async () => {
    const payments = sized(100, 500);
    const keys = times(payments, () => freshKey("velocity"));
    const score = async (key: string) =>
      (await shop.created({ user_id: "busy", amount: 1 }, key)).fraud_score;
    const scores = await Promise.all(keys.map(score));
    expect(scores.filter((points) => points === 0)).toHaveLength(10);
    expect(scores.filter((points) => points === 30)).toHaveLength(payments - 10);
    expect(await Promise.all(keys.slice(0, 50).map(score))).toEqual(scores.slice(0, 50));
    expect((await shop.created({ user_id: "busy", amount: 1 })).risk.reasons[0]?.detail).toContain(
      `payment ${payments + 1} `,
    );
  });
});

describe("the shard count", () => {
  it("An object that began with one shard count refuses another", async () => {
    const { id } = await shop.created();
    const owner = ownerOf(id);
    await evictDurableObject(owner);
    const reply = await runInDurableObject(owner, (object) =>
      object.find({
        merchant_id: shop.merchant_id,
        transaction_id: id,
        shards: 7,
        traceparent: null,
      }),
    );
    expect(reply).toEqual({ ok: false, refusal: { code: "shard_count_changed" } });
  });
});
