/** Webhooks of payments whose customer's data is erased, in the real dispatcher and over real HTTP. */
import { expect, it } from "vitest";
import { TRANSACTIONS } from "../../support/api";
import { CUSTOMER, TEXTS } from "../../support/erasure/customer";
import { completed, newEraser, startErasing } from "../../support/erasure/erasing";
import { placesWith } from "../../support/erasure/everywhere";
import { textsIn } from "../../support/erasure/scan";
import {
  arrivals,
  DELIVERIES,
  deliveries,
  endpoint,
  eventually,
  hurry,
  json,
  received,
  receiverUrl,
} from "../../support/webhooks-api";

it("A delivery that is pending is sent without the customer's data, one to the own URL ends, and endpoints get the event", async () => {
  const client = await newEraser();
  await endpoint(client, receiverUrl("erased-ok"));
  await endpoint(client, receiverUrl("erased-later", "500,200"), {
    events: ["transaction.created"],
  });
  const own = { ...CUSTOMER, webhook_url: receiverUrl("own-hook-of-the-customer", "500") };
  const { id } = await client.created(own);
  await received("erased-ok", 1);
  await received("erased-later", 1);
  await received("own-hook-of-the-customer", 1);
  const [first] = await arrivals("erased-later");
  expect(first?.body).toContain(CUSTOMER.user_id);

  const done = await completed(client, await startErasing(client, CUSTOMER.user_id));
  expect(done).toMatchObject({ transactions_erased: 1, deliveries_erased: 3 });
  const known = { merchants: [client.merchant_id], transactions: [id] };
  expect(await placesWith([...TEXTS, "own-hook-of-the-customer"], known)).toEqual([]);

  await received("erased-ok", 2);
  const last = (await arrivals("erased-ok")).at(-1);
  expect(JSON.parse(last?.body ?? "")).toMatchObject({
    type: "transaction.erased",
    data: { id, user_id: "erased", version: 2 },
  });
  await hurry(client);
  const again = await eventually(
    () => arrivals("erased-later"),
    (seen) => seen.length >= 2,
  );
  expect(textsIn(again[1]?.body ?? "", TEXTS)).toEqual([]);
  expect(JSON.parse(again[1]?.body ?? "")).toMatchObject({ type: "transaction.created" });
  expect(await arrivals("own-hook-of-the-customer")).toHaveLength(1);

  const ended = (await deliveries(client)).find(({ url }) => url === "https://erased.invalid/");
  expect(ended).toMatchObject({ status: "dead", endpoint_id: null, transaction_id: id });
  const redelivered = await client.ask("POST", `${DELIVERIES}/${ended?.id}/redeliver`);
  expect(await json(redelivered, 404)).toMatchObject({ code: "webhook_endpoint_not_found" });
  expect((await client.get(`${TRANSACTIONS}/${id}`)).status).toBe(200);
});
