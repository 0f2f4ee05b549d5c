/** Transactions through the front door, with races, faults and restarts. Runs in both shard settings. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../../src/config";
import { transactionObjectName } from "../../../src/domain/identity/id";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import type { TransactionShard } from "../../../src/transactions/transaction-shard";
import {
  type Client,
  freshKey,
  newClient,
  problem,
  processorSaw,
  TRANSACTIONS,
} from "../../support/api";
import { env } from "../../support/env";
import { eventually, until } from "../../support/eventually";
import { sized } from "../../support/sized";
import { endHanging } from "../../support/with-timeout";

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));

function ownerOf(transactionId: string): DurableObjectStub<TransactionShard> {
  return env.TRANSACTIONS.getByName(
    transactionObjectName(transactionId, readConfig(env).transaction_shards),
  );
}

/** Stops the object at once, as a crash would: nothing in memory survives. */
async function crash(transactionId: string): Promise<void> {
  await runInDurableObject(ownerOf(transactionId), (_, state) => state.abort("crash")).catch(
    () => {},
  );
}

/** Lets the object's alarm ring until the transaction is in `status`. */
async function ringUntil(transactionId: string, status: string): Promise<Transaction> {
  return eventually(async () => {
    await runDurableObjectAlarm(ownerOf(transactionId)).catch(() => false);
    const transaction = await shop.find(transactionId);
    expect(transaction.status).toBe(status);
    return transaction;
  });
}

async function eventTypes(id: string): Promise<string[]> {
  const { data } = (await (await shop.get(`${TRANSACTIONS}/${id}/events`)).json()) as {
    data: { type: string; sequence: number; id: string }[];
  };
  data.forEach(({ sequence, id: eventId }, index) => {
    expect(sequence).toBe(index + 1);
    expect(eventId).toBe(`evt_${id.slice(4)}_${index + 1}`);
  });
  return data.map(({ type }) => type);
}

async function bookRows(id: string) {
  const [transactions, events] = await env.DB.batch<Record<string, unknown>>([
    env.DB.prepare("SELECT * FROM transactions WHERE id = ?").bind(id),
    env.DB.prepare("SELECT * FROM events WHERE transaction_id = ? ORDER BY position").bind(id),
  ]);
  return { transactions: transactions?.results ?? [], events: events?.results ?? [] };
}

describe("creating", () => {
  it("answers with the whole transaction and where it is", async () => {
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

  it("gives 200 racing creates with one key one transaction", async () => {
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

  it("keeps nothing of a round that it cannot write to the end", async () => {
    const key = freshKey("unwritten");
    const { id } = (await (await shop.create({ amount: "12.00" }, key)).json()) as Transaction;
    await runInDurableObject(ownerOf(id), (_, { storage }) => {
      // A claim is an event and then a row in `charges`: it fails with its writing half done.
      storage.sql.exec(`CREATE TRIGGER no_room BEFORE INSERT ON charges
        BEGIN SELECT RAISE(ABORT, 'no room'); END`);
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

  it("refuses a racing create with another body and names the fields", async () => {
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

  it("replays the first answer byte for byte after everything else has happened", async () => {
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

  it("takes two spellings of an amount for the same request", async () => {
    const key = freshKey("spelling");
    const one = await shop.created({ amount: 100.5 }, key);
    const two = await shop.created({ amount: "100.50" }, key);
    const three = await shop.created(
      { amount: "1005e-1", currency: "USD", description: null },
      key,
    );
    expect(new Set([one.id, two.id, three.id]).size).toBe(1);
  });

  it("keeps equal keys of two merchants apart", async () => {
    const other = await newClient();
    const key = freshKey("shared");
    const [mine, theirs] = await Promise.all([
      shop.created({}, key),
      other.created({ amount: 99 }, key),
    ]);
    expect(mine.id).not.toBe(theirs.id);
    expect((await shop.find(mine.id)).amount).toBe(10);
  });

  it("blocks by the rules, with reasons, and replays the block", async () => {
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

  it("does not let a small payment shelter a large one of the same customer", async () => {
    expect((await shop.created({ user_id: "sheltered", amount: 1 })).fraud_score).toBe(0);
    expect((await shop.created({ user_id: "sheltered", amount: 20_000 })).status).toBe("failed");
  });

  it("counts a customer's day exactly under concurrent payments and their retries", async () => {
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

describe("processing", () => {
  it("charges once for 50 concurrent calls, which all get the same answer", async () => {
    const { id } = await shop.created({ metadata: { processor: "slow" } });
    const responses = await Promise.all(times(50, () => shop.process(id)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    const bodies = new Set(await Promise.all(responses.map((response) => response.text())));
    expect(bodies.size).toBe(1);
    expect(JSON.parse([...bodies][0] ?? "")).toMatchObject({ id, status: "completed", version: 3 });
    expect(await processorSaw(id)).toMatchObject({ calls: 1, charges: 1, amounts: [1000] });
    expect(await eventTypes(id)).toEqual([
      "transaction.created",
      "transaction.processing",
      "transaction.completed",
    ]);
    expect(await (await shop.process(id)).text()).toBe([...bodies][0]);
    expect((await processorSaw(id)).calls).toBe(1);
  });

  it("answers a decline with 200 and the processor's code, and repeats it", async () => {
    const { id } = await shop.created({ metadata: { processor: "decline:insufficient_funds" } });
    const first = await shop.process(id);
    const text = await first.text();
    expect(first.status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      status: "failed",
      failure: { code: "insufficient_funds" },
    });
    const again = await shop.process(id);
    expect([again.status, await again.text()]).toEqual([200, text]);
    expect((await processorSaw(id)).calls).toBe(1);
    expect((await problem(await shop.cancel(id))).code).toBe("illegal_transition");
  });

  /** An answer to a charge that the processor plays so; to one that hangs it has to be ended. */
  async function unknown(fault: string, process: () => Promise<Response>): Promise<Response> {
    if (fault !== "hang") return process();
    let answer = new Response();
    await endHanging("processor/processor", 1, async () => {
      answer = await process();
    });
    return answer;
  }

  it.each(["pending", "error", "garbage", "drop", "hang"])(
    "answers 202 to %s and finds the outcome out by itself, under one key",
    async (fault) => {
      const { id } = await shop.created({ metadata: { processor: `${fault},settle` } });
      const first = await unknown(fault, () => shop.process(id));
      expect(first.status).toBe(202);
      expect(Number(first.headers.get("Retry-After"))).toBeGreaterThan(0);
      expect(await first.json()).toMatchObject({ status: "processing" });
      expect((await shop.process(id)).status).toBe(202);
      expect((await problem(await shop.cancel(id))).code).toBe("illegal_transition");
      await ringUntil(id, "completed");
      expect(await processorSaw(id)).toMatchObject({ calls: 2, charges: 1 });
      expect((await shop.process(id)).status).toBe(200);
    },
  );

  it("lets exactly one of process and cancel win", async () => {
    const outcomes = await Promise.all(
      times(20, async (index) => {
        const { id } = await shop.created({ user_id: `racer_${index}` });
        const calls =
          index % 2 === 0
            ? [shop.process(id), shop.cancel(id)]
            : [shop.cancel(id), shop.process(id)];
        const statuses = (await Promise.all(calls)).map(({ status }) => status).sort();
        const { status } = await shop.find(id);
        const { charges } = await processorSaw(id);
        expect(statuses).toEqual([200, 409]);
        expect(charges).toBe(status === "completed" ? 1 : 0);
        return status;
      }),
    );
    expect(outcomes.every((status) => status === "completed" || status === "cancelled")).toBe(true);
  });

  it("cancels once, and repeats the answer", async () => {
    const { id } = await shop.created();
    const first = await (await shop.cancel(id)).text();
    const again = await shop.cancel(id);
    expect([again.status, await again.text()]).toEqual([200, first]);
    expect((await problem(await shop.process(id))).code).toBe("illegal_transition");
    expect(await eventTypes(id)).toEqual(["transaction.created", "transaction.cancelled"]);
  });
});

describe("a crash of the owner", () => {
  it("while the processor is thinking: the charge is finished without a new request", async () => {
    const { id } = await shop.created({ metadata: { processor: "hang,settle" } });
    const answer = shop.process(id).catch(() => undefined);
    await until(async () => (await processorSaw(id)).calls === 1);
    await crash(id);
    await answer;
    expect(await ringUntil(id, "completed")).toMatchObject({ version: 3 });
    expect((await processorSaw(id)).charges).toBe(1);
  });

  it("between claim and call: the charge is made once, after the restart", async () => {
    const { id } = await shop.created();
    await runInDurableObject(ownerOf(id), (object) => {
      // The claim is committed; the call to the processor never leaves.
      Object.assign(object, { env: { ...env } });
      return blockCharges(object);
    });
    const answer = shop.process(id).catch(() => undefined);
    await until(async () => (await shop.find(id)).status === "processing");
    expect((await processorSaw(id)).calls).toBe(0);
    await crash(id);
    await answer;
    await ringUntil(id, "completed");
    expect(await processorSaw(id)).toMatchObject({ calls: 1, charges: 1 });
  });

  it("between call and record: the processor is asked again under the same key", async () => {
    const { id } = await shop.created({ metadata: { processor: "slow" } });
    const answer = shop.process(id).catch(() => undefined);
    await until(async () => (await processorSaw(id)).charges === 1);
    await crash(id); // The processor has charged and is about to say so.
    await answer;
    await ringUntil(id, "completed");
    expect((await processorSaw(id)).charges).toBe(1);
    expect(await eventTypes(id)).toHaveLength(3);
  });

  it("after the commit and before the book: the alarm writes the book", async () => {
    const { id } = await shop.created();
    await withBrokenBook(async () => {
      await shop.cancel(id);
      await crash(id);
      expect((await bookRowsUnbroken(id)).events).toHaveLength(1);
    });
    await until(async () => {
      await runDurableObjectAlarm(ownerOf(id)).catch(() => false);
      return (await bookRows(id)).events.length === 2;
    });
    expect((await bookRows(id)).transactions[0]).toMatchObject({ status: "cancelled", version: 2 });
  });
});

describe("a failing book", () => {
  it("does not stop creates and processes, and catches up by itself", async () => {
    const ids: string[] = [];
    await withBrokenBook(async () => {
      for (let index = 0; index < 5; index++) {
        const { id } = await shop.created({ user_id: `offline_${index}` });
        expect((await shop.process(id)).status).toBe(200);
        ids.push(id);
      }
    });
    await until(async () => {
      const rows = await Promise.all(ids.map(bookRows));
      return rows.every(({ events }) => events.length === 3);
    });
    for (const id of ids) {
      const { transactions, events } = await bookRows(id);
      expect(transactions).toMatchObject([{ status: "completed", version: 3 }]);
      expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
      expect(JSON.parse(String(events[2]?.data))).toEqual(await shop.find(id));
    }
  });
});

describe("finding", () => {
  it("lists a transaction right after its create, with the text it was answered with", async () => {
    const reader = await newClient();
    const answered = await (await reader.create({})).text();
    const list = await (await reader.get(TRANSACTIONS)).text();
    expect(list).toBe(`{"data":[${answered}],"has_more":false,"next_cursor":null}`);
  });

  it("tells what became of a key", async () => {
    const transaction = await shop.created({}, "asked/for me?".replaceAll(" ", "_"));
    const path = `/api/v1/idempotency-keys/${encodeURIComponent(transaction.idempotency_key)}`;
    expect(await (await shop.get(path)).json()).toEqual(transaction);
    const unknown = await shop.get("/api/v1/idempotency-keys/never-used");
    expect([unknown.status, (await problem(unknown)).code]).toEqual([
      404,
      "idempotency_key_not_found",
    ]);
  });

  it("shows another merchant nothing, in the shape of what does not exist", async () => {
    const mine = await shop.created({}, "private");
    const other = await newClient();
    const missing = `txn_${"a".repeat(26)}`;
    const routes: [string, (id: string) => Promise<Response>][] = [
      ["get", (id) => other.get(`${TRANSACTIONS}/${id}`)],
      ["process", (id) => other.process(id)],
      ["cancel", (id) => other.cancel(id)],
      ["events", (id) => other.get(`${TRANSACTIONS}/${id}/events`)],
    ];
    for (const [, ask] of routes) {
      const [foreign, absent] = await Promise.all([ask(mine.id), ask(missing)]);
      const [one, two] = await Promise.all([problem(foreign), problem(absent)]);
      expect({ ...one, request_id: "" }).toEqual({ ...two, request_id: "" });
      expect(one.code).toBe("transaction_not_found");
    }
    expect((await other.get("/api/v1/idempotency-keys/private")).status).toBe(404);
    expect(await (await other.get(TRANSACTIONS)).json()).toMatchObject({ data: [] });
    expect(await (await other.get("/api/v1/events")).json()).toMatchObject({ data: [] });
    expect((await shop.find(mine.id)).status).toBe("pending");
  });

  it("pages through a list while it grows, without a double or a gap", async () => {
    const reader = await newClient();
    const existing = await Promise.all(
      times(25, (index) => reader.created({ user_id: `u${index}` })),
    );
    const seen: string[] = [];
    let path = `${TRANSACTIONS}?limit=4`;
    for (;;) {
      const page = (await (await reader.get(path)).json()) as Page;
      seen.push(...page.data.map(({ id }) => id));
      if (!page.has_more) break;
      await reader.created({ user_id: "late" });
      path = `${TRANSACTIONS}?limit=4&cursor=${page.next_cursor}`;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(existing.map(({ id }) => id)));
  });

  it("filters by customer, status and time", async () => {
    const reader = await newClient();
    const [one, two] = [
      await reader.created({ user_id: "a" }),
      await reader.created({ user_id: "b" }),
    ];
    await reader.cancel(two.id);
    const ids = async (query: string) =>
      ((await (await reader.get(`${TRANSACTIONS}?${query}`)).json()) as Page).data.map(
        ({ id }) => id,
      );
    expect(await ids("user_id=a")).toEqual([one.id]);
    expect(await ids("status=cancelled")).toEqual([two.id]);
    expect(await ids("status=pending&user_id=b")).toEqual([]);
    expect(await ids(`created_after=${one.created_at}`)).not.toContain(one.id);
    expect(await ids("created_before=2020-01-01T00:00:00%2B02:00")).toEqual([]);
    expect(await ids("created_after=2020-01-01T00:00:00Z")).toEqual([two.id, one.id]);
  });

  it("feeds all events in order, page by page", async () => {
    const reader = await newClient();
    const { id } = await reader.created();
    await reader.process(id);
    const first = (await (await reader.get("/api/v1/events?limit=2")).json()) as EventPage;
    expect(first.data.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(first.has_more).toBe(true);
    const rest = (await (
      await reader.get(`/api/v1/events?cursor=${first.next_cursor}`)
    ).json()) as EventPage;
    expect(rest.data.map(({ type }) => type)).toEqual(["transaction.completed"]);
    const done = (await (
      await reader.get(`/api/v1/events?cursor=${rest.next_cursor}`)
    ).json()) as EventPage;
    expect(done).toEqual({ data: [], has_more: false, next_cursor: rest.next_cursor });
  });
});

describe("the shard count", () => {
  it("is kept: an object that began with one refuses another", async () => {
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

type Page = { data: Transaction[]; has_more: boolean; next_cursor: string | null };
type EventPage = {
  data: { type: string; sequence: number }[];
  has_more: boolean;
  next_cursor: string;
};

/** Makes every D1 write of the book fail, for real: its table is gone meanwhile. */
async function withBrokenBook(work: () => Promise<void>): Promise<void> {
  await env.DB.exec("ALTER TABLE events RENAME TO events_gone");
  try {
    await work();
  } finally {
    await env.DB.exec("ALTER TABLE events_gone RENAME TO events");
  }
}

async function bookRowsUnbroken(id: string) {
  const events = await env.DB.prepare("SELECT * FROM events_gone WHERE transaction_id = ?")
    .bind(id)
    .all();
  return { events: events.results };
}

/** From now on the object's calls to its processor never leave. */
function blockCharges(_object: TransactionShard): void {
  const real = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const isCharge = String(input instanceof Request ? input.url : input).endsWith("/charges");
    if (!isCharge) return real(input, init);
    globalThis.fetch = real;
    return new Promise(() => {});
  };
}
