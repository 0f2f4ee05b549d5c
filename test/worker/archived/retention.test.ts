/** What of a payment is left in its shard's tables once it is archived. */
import { runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { packId } from "../../../src/domain/identity/packed-id";
import { freshKey, TRANSACTIONS } from "../../support/api";
import { archiveEverything, isArchived } from "../../support/archiving";
import { ownerOf, shop } from "../../support/owner";

/** The rows that are about a payment, by their table. */
const COUNTS = {
  events:
    "FROM events WHERE first_position IN (SELECT position FROM events WHERE transaction_id = ?)",
  refunds: "FROM refunds WHERE transaction_id = ?",
  payment_details: "FROM payment_details WHERE transaction_id = ?",
  charges: "FROM charges WHERE transaction_id = ?",
  reviews: "FROM reviews WHERE transaction_id = ?",
  next_actions: "FROM next_actions WHERE transaction_id = ?",
};
const NOTHING = Object.fromEntries(Object.keys(COUNTS).map((table) => [table, 0]));

const countRows = (id: string) =>
  runInDurableObject(ownerOf(id), (_, { storage: { sql } }) =>
    Object.fromEntries(
      Object.entries(COUNTS).map(([table, from]) => [
        table,
        Number(sql.exec(`SELECT count(*) AS n ${from}`, id).one().n),
      ]),
    ),
  );

it("An archived payment leaves its shard's tables, and nothing but its place stays", async () => {
  const { id } = await shop.created({ amount: 30, payment_method: "pm_1", customer: "cus_1" });
  // Not final yet, so nothing has archived it.
  expect(await countRows(id)).toEqual({ ...NOTHING, events: 1, payment_details: 1 });
  expect((await shop.process(id)).status).toBe(200);
  const refund = { "Idempotency-Key": freshKey() };
  const path = `${TRANSACTIONS}/${id}/refunds`;
  expect((await shop.send(JSON.stringify({ amount: 12.5 }), refund, path)).status).toBe(201);
  await archiveEverything();
  expect(await isArchived(id)).toBe(true);
  expect(await countRows(id)).toEqual(NOTHING);
  const places = await runInDurableObject(ownerOf(id), (_, { storage: { sql } }) =>
    sql.exec("SELECT 1 FROM archived WHERE id = ?", packId(id).buffer).toArray(),
  );
  expect(places).toHaveLength(1);
});
