/** Payments that have left the shard's tables for the archive answer as before. */
import { describe, expect, it } from "vitest";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { freshKey, problem, TRANSACTIONS } from "../../support/api";
import { archiveEverything, isArchived } from "../../support/archiving";
import { shop } from "../../support/owner";

async function completed(body: object = {}, key = freshKey()): Promise<Transaction> {
  const { id } = await shop.created(body, key);
  const response = await shop.process(id);
  expect(response.status).toBe(200);
  await archiveEverything();
  expect(await isArchived(id)).toBe(true);
  return shop.find(id);
}

describe("an archived payment", () => {
  it("It is found by its id and its key, with the bytes of before", async () => {
    const { id, idempotency_key } = await shop.created({ metadata: { order: "7" } });
    const before = await (await shop.process(id)).text();
    await archiveEverything();
    expect(await isArchived(id)).toBe(true);
    expect(await (await shop.get(`${TRANSACTIONS}/${id}`)).text()).toBe(before);
    const byKey = await shop.get(`/api/v1/idempotency-keys/${idempotency_key}`);
    expect(await byKey.text()).toBe(before);
    expect(await isArchived(id)).toBe(true);
  });

  it("A repeated create gets the first response, and another body 422", async () => {
    const key = freshKey();
    const first = await shop.create({ amount: 25 }, key);
    const text = await first.text();
    const { id } = JSON.parse(text) as Transaction;
    await shop.process(id);
    await archiveEverything();
    expect(await isArchived(id)).toBe(true);
    const again = await shop.create({ amount: 25 }, key);
    expect([again.status, again.headers.get("Idempotent-Replayed")]).toEqual([201, "true"]);
    expect(await again.text()).toBe(text);
    const other = await shop.create({ amount: 26 }, key);
    expect([other.status, (await problem(other)).code]).toEqual([422, "idempotency_key_reused"]);
    expect(await isArchived(id)).toBe(true);
  });

  it("A refund puts it back into the tables, and it is archived again with its refund", async () => {
    const { id } = await completed({ amount: 30 });
    const refunded = await shop.send(
      JSON.stringify({ amount: 12.5 }),
      { "Idempotency-Key": freshKey() },
      `${TRANSACTIONS}/${id}/refunds`,
    );
    expect(refunded.status).toBe(201);
    const refund = await refunded.text();
    const after = await (await shop.get(`${TRANSACTIONS}/${id}`)).text();
    expect(JSON.parse(after)).toMatchObject({ amount_refunded_minor: 1_250 });
    await archiveEverything();
    expect(await isArchived(id)).toBe(true);
    expect(await (await shop.get(`${TRANSACTIONS}/${id}`)).text()).toBe(after);
    const { id: refundId } = JSON.parse(refund) as { id: string };
    expect(await (await shop.get(`/api/v1/refunds/${refundId}`)).text()).toBe(refund);
  });
});
