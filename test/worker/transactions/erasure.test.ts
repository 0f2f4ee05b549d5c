/** A customer's data is erased everywhere, over HTTP and in the real objects. */
import { expect, it } from "vitest";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { freshKey, TRANSACTIONS } from "../../support/api";
import { CUSTOMER, REFUND_TEXTS, TEXTS } from "../../support/erasure/customer";
import { completed, newEraser, startErasing } from "../../support/erasure/erasing";
import { placesWith } from "../../support/erasure/everywhere";

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
