/** A customer of a merchant whose payments are in a book of their own is erased there. */
import { expect, it } from "vitest";
import { admin, clientOf, TRANSACTIONS } from "../../support/api";
import { dbOf, newClientIn } from "../../support/books";
import { CUSTOMER, REFUND_TEXTS, TEXTS } from "../../support/erasure/customer";
import { completed, startErasing } from "../../support/erasure/erasing";
import { placesWith } from "../../support/erasure/everywhere";

it("An erasure replaces a customer's data in the merchant's own book", async () => {
  const client = await newClientIn(2);
  const { merchant_id } = client;
  const { id } = await client.created(CUSTOMER);
  await client.process(id);
  expect((await client.refund(id, { amount: 1, ...REFUND_TEXTS })).status).toBe(201);
  await client.get(TRANSACTIONS);
  const known = { merchants: [merchant_id], transactions: [id] };
  const places = await placesWith(TEXTS, known);
  expect(places.filter((place) => place.startsWith("D1 2: "))).not.toEqual([]);

  const made = await admin(`/api/v1/merchants/${merchant_id}/api-keys`, {
    scopes: ["transactions:read", "customers:erase"],
  });
  const key = (await made.json()) as { id: string; key: string };
  const eraser = clientOf(merchant_id, key.id, key.key);
  const erasure = await startErasing(eraser, CUSTOMER.user_id);
  expect(await completed(eraser, erasure)).toMatchObject({ transactions_erased: 1 });
  expect(await placesWith(TEXTS, { ...known, erasures: [erasure.id] })).toEqual([]);
  const refunds = await dbOf(2)
    .prepare(
      "SELECT count(*) AS n FROM refunds WHERE merchant_id = ? AND data ->> '$.reason' IS NULL",
    )
    .bind(merchant_id)
    .first("n");
  expect(refunds).toBe(1);
});
