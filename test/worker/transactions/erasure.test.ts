/** A customer's data is erased everywhere, over HTTP and in the real objects. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { admin, freshKey, TRANSACTIONS } from "../../support/api";
import { env } from "../../support/env";
import { CUSTOMER, REFUND_TEXTS, TEXTS } from "../../support/erasure/customer";
import {
  completed,
  type ErasureBody,
  newEraser,
  ring,
  startErasing,
} from "../../support/erasure/erasing";
import { placesWith } from "../../support/erasure/everywhere";
import { eventually } from "../../support/eventually";

const kept = ({ user_id, description, metadata, webhook_url, ...rest }: Transaction) => rest;

it("After an erasure nothing of the customer is stored, amounts and statuses are the same, and a repeated create is a replay", async () => {
  const client = await newEraser();
  const keys = ["completed", "pending", "cancelled"].map((name) => freshKey(name));
  const ids: string[] = [];
  for (const key of keys) ids.push((await client.created(CUSTOMER, key)).id);
  const [charged = "", , ended = ""] = ids;
  await client.process(charged);
  await client.cancel(ended);
  expect((await client.refund(charged, { amount: 1, ...REFUND_TEXTS })).status).toBe(201);
  const other = await client.created({ user_id: "stays", description: "theirs" });
  const otherText = await (await client.get(`${TRANSACTIONS}/${other.id}`)).text();
  const before = await Promise.all(ids.map((id) => client.find(id)));
  const known = { merchants: [client.merchant_id], transactions: [...ids, other.id] };
  expect(await placesWith(TEXTS, known)).not.toEqual([]);

  const erasure = await startErasing(client, CUSTOMER.user_id);
  expect(erasure).toMatchObject({ status: "pending", user_id: CUSTOMER.user_id });
  const done = await completed(client, erasure);
  expect(done).toMatchObject({ user_id: null, transactions_erased: 3, transactions_waiting: 0 });
  expect(await placesWith(TEXTS, { ...known, erasures: [erasure.id] })).toEqual([]);

  for (const [at, id] of ids.entries()) {
    const after = await client.find(id);
    const { version, updated_at, ...same } = kept(before[at] as Transaction);
    expect(after).toMatchObject({ ...same, version: version + 1, user_id: "erased" });
    expect(after.erased_at).toBe(after.updated_at);
    const replayed = await client.create(CUSTOMER, keys[at]);
    expect([replayed.status, replayed.headers.get("Idempotent-Replayed")]).toEqual([201, "true"]);
    expect(((await replayed.json()) as Transaction).id).toBe(id);
    expect((await client.create({ ...CUSTOMER, amount: 11 }, keys[at])).status).toBe(422);
  }
  expect(await (await client.get(`${TRANSACTIONS}/${other.id}`)).text()).toBe(otherText);
  const { data } = (await (await client.get("/api/v1/events?limit=100")).json()) as {
    data: { type: string; transaction_id: string }[];
  };
  const events = data.filter(({ type }) => type === "transaction.erased");
  expect(events.map(({ transaction_id }) => transaction_id).sort()).toEqual(ids.toSorted());
});

it("Requests that meet an erasure, and objects that end during it, change nothing of its result", async () => {
  const client = await newEraser();
  const keys = Array.from({ length: 6 }, () => freshKey("met"));
  const ids: string[] = [];
  for (const key of keys) {
    const { id } = await client.created({ ...CUSTOMER, capture_method: "manual" }, key);
    await client.process(id);
    ids.push(id);
  }
  const known = { merchants: [client.merchant_id], transactions: ids };
  const erasure = await startErasing(client, CUSTOMER.user_id);
  const statuses = new Set<string>();
  const note = (what: string, { status }: Response) => statuses.add(`${what} ${status}`);
  const work = ids.map(async (id, at) => {
    // The outcome of each is known at once.
    note("capture", at % 2 === 0 ? await client.capture(id) : await client.cancel(id));
    note("create", await client.create({ ...CUSTOMER, capture_method: "manual" }, keys[at]));
    if (at % 2 === 0) note("refund", await client.refund(id, { amount: 1 }));
    note("list", await client.get(`${TRANSACTIONS}?user_id=${CUSTOMER.user_id}`));
    note("get", await client.get(`${TRANSACTIONS}/${id}`));
  });
  const eraser = () => env.ERASURES.getByName(erasure.id);
  const end = async (stub: DurableObjectStub) =>
    runInDurableObject(stub, (_, state) => state.abort("ended by the test")).catch(() => {});
  const ends = async () => {
    for (let round = 0; round < 4; round += 1) {
      await runDurableObjectAlarm(eraser()).catch(() => false);
      await end(eraser());
      await end(env.WEBHOOKS.getByName(client.merchant_id));
    }
  };
  await Promise.all([...work, ends()]);
  await completed(client, erasure);
  expect([...statuses].toSorted()).toEqual([
    ...["capture 200", "create 201", "get 200", "list 200", "refund 201"],
  ]);
  expect(await placesWith(TEXTS, { ...known, erasures: [erasure.id] })).toEqual([]);
  for (const [at, id] of ids.entries()) {
    const status = at % 2 === 0 ? "completed" : "cancelled";
    expect(await client.find(id)).toMatchObject({ status, user_id: "erased" });
  }
});

it("A payment without an outcome is waited for, and is erased when it has one", async () => {
  const client = await newEraser();
  const metadata = { ...CUSTOMER.metadata, processor: "pending" };
  const { id } = await client.created({ ...CUSTOMER, metadata });
  expect((await client.process(id)).status).toBe(202);
  const erasure = await startErasing(client, CUSTOMER.user_id);
  const rung = async () => {
    await ring(erasure);
    return (await (await client.get(`/api/v1/erasures/${erasure.id}`)).json()) as ErasureBody;
  };
  for (let round = 0; round < 3; round += 1) {
    expect(await rung()).toMatchObject({ status: "pending", transactions_erased: 0 });
  }
  expect((await client.find(id)).user_id).toBe(CUSTOMER.user_id);
  const resolved = await admin(`/api/v1/operations/charges/${id}/resolve`, {
    ...{ outcome: "settled", reason: "seen in its records", resolved_by: "alice", force: true },
  });
  expect(resolved.status).toBe(200);
  const done = await eventually(async () => {
    const now = await rung();
    expect(now.status).toBe("completed");
    return now;
  });
  expect(done).toMatchObject({ transactions_erased: 1, transactions_waiting: 0 });
  const known = { merchants: [client.merchant_id], transactions: [id], erasures: [erasure.id] };
  expect(await placesWith(TEXTS, known)).toEqual([]);
});
