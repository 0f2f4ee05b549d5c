/** The console's delivery log: its filters and pages, one delivery, and redelivering it once. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { newClient } from "../../../support/api";
import { newVisitor } from "../../../support/console";
import { newKey } from "../../../support/merchants-api";
import { deliveries, dispatcherOf, endpoint, eventually } from "../../../support/webhooks-api";

const DELIVERIES = "/console/webhooks/deliveries";
const URL = "https://receiver.example.com/hooks";

/** A merchant with an endpoint whose deliveries stay as they are, because no attempt is made, and a signed-in browser. */
async function newShop() {
  const client = await newClient();
  await runInDurableObject(dispatcherOf(client), (dispatcher) => {
    const { env } = dispatcher as unknown as { env: Record<string, unknown> };
    env.WEBHOOK_QUEUE = { sendBatch: async () => {} };
  });
  const made = await endpoint(client, URL);
  return { client, made, visitor: await newVisitor(client.key) };
}

type Shop = Awaited<ReturnType<typeof newShop>>;

async function sendTest({ client, made }: Shop) {
  await client.post(`/api/v1/webhook-endpoints/${made.id}/test`);
  const [newest] = await deliveries(client);
  if (!newest) throw new Error("no delivery");
  return newest;
}

/** Writes a delivery's stored state, as attempts would. */
async function store({ client }: Shop, id: string, change: string): Promise<void> {
  await runInDurableObject(dispatcherOf(client), (_, state) => {
    state.storage.sql.exec(`UPDATE deliveries SET ${change} WHERE id = ?`, id);
  });
}

const LOG = JSON.stringify([
  [21, 1_795_381_200_000, 5_000, null, "timeout"],
  [22, 1_795_381_300_000, 87, 503, "http_status"],
]);
const DEAD = `status = 'dead', attempts = 22, tries = 22, next_at = NULL, finished_at = created_at, log = '${LOG}'`;

describe("the list", () => {
  it("Each filter of the API is a field, which keeps its value, and restricts the list", async () => {
    const shop = await newShop();
    const { client, visitor, made } = shop;
    const dead = await sendTest(shop);
    await store(shop, dead.id, DEAD);
    const payment = await client.created();
    await eventually(
      () => deliveries(client),
      (all) => all.length === 2,
    );
    const idsIn = async (query: string) => {
      const { text } = await visitor.get(`${DELIVERIES}${query}`);
      return [...text.matchAll(/href="\/console\/webhooks\/deliveries\/(whd_\w+)"/g)].map(
        ([, id]) => id,
      );
    };
    expect(await idsIn("")).toHaveLength(2);
    expect(await idsIn("?status=dead")).toEqual([dead.id]);
    expect(await idsIn("?event_type=webhook_endpoint.test")).toEqual([dead.id]);
    expect(await idsIn(`?transaction_id=${payment.id}`)).not.toContain(dead.id);
    expect(await idsIn(`?endpoint_id=${made.id}`)).toHaveLength(2);
    expect(await idsIn("?endpoint_id=whe_other")).toEqual([]);
    const { text } = await visitor.get(`${DELIVERIES}?status=dead&endpoint_id=${made.id}`);
    expect(text).toMatch(/<option value="dead" selected/);
    expect(text).toContain("HTTP 503");
  });

  it("The second page begins after the first, and leads back to it with the same filter", async () => {
    const shop = await newShop();
    for (let count = 0; count < 27; count += 1) await sendTest(shop);
    const first = await shop.visitor.get(`${DELIVERIES}?event_type=webhook_endpoint.test`);
    const next = /href="([^"]+)" rel="next"/.exec(first.text)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(next).toContain("event_type=webhook_endpoint.test");
    const second = await shop.visitor.get(next);
    const rows = (text: string) => text.match(/deliveries\/whd_\w+/g) ?? [];
    expect([rows(first.text).length, rows(second.text).length]).toEqual([25, 2]);
    expect(rows(first.text)).not.toEqual(expect.arrayContaining(rows(second.text)));
    expect(second.text).toContain(`href="${DELIVERIES}?event_type=webhook_endpoint.test"`);
  });

  it("A filter that the API refuses is shown with its fault, and the form can be corrected", async () => {
    const { visitor } = await newShop();
    const page = await visitor.get(`${DELIVERIES}?transaction_id=${"x".repeat(201)}`);
    expect(page.status).toBe(400);
    expect(page.text).toContain('id="transaction_id-fault"');
    expect((await visitor.get(`${DELIVERIES}?cursor=abc`)).text).toContain("cursor is not a valid");
  });
});

describe("one delivery", () => {
  it("It shows each attempt with its duration and result, and the event of a payment that was sent", async () => {
    const shop = await newShop();
    const payment = await shop.client.created({ description: "two <b>books</b>" });
    const [delivery] = await eventually(
      () => deliveries(shop.client),
      (all) => all.length === 1,
    );
    await store(shop, delivery?.id ?? "", DEAD);
    const { text } = await shop.visitor.get(`${DELIVERIES}/${delivery?.id}`);
    expect(text).toContain("5000 ms");
    expect(text).toContain("timeout");
    expect(text).toContain("HTTP 503");
    expect(text).toContain(`/console/payments/${payment.id}`);
    expect(text).toContain("&quot;type&quot;: &quot;transaction.created&quot;");
    expect(text).toContain("two &lt;b&gt;books&lt;/b&gt;");
  });

  it("Another merchant's delivery, and an id that does not exist, are not found", async () => {
    const owner = await newShop();
    const { id } = await sendTest(owner);
    const { visitor } = await newShop();
    for (const other of [id, "whd_nothing"]) {
      expect((await visitor.get(`${DELIVERIES}/${other}`)).status).toBe(404);
      expect((await visitor.post(`${DELIVERIES}/${other}/redeliver`)).status).toBe(404);
    }
  });

  it("A form that is sent twice redelivers once, also after the first attempt has ended", async () => {
    const shop = await newShop();
    const { id } = await sendTest(shop);
    await store(shop, id, DEAD);
    const { text } = await shop.visitor.get(`${DELIVERIES}/${id}`);
    const progress = /name="progress" value="([^"]+)"/.exec(text)?.[1] ?? "";
    const send = () => shop.visitor.post(`${DELIVERIES}/${id}/redeliver`, { progress });
    expect((await send()).location).toContain("notice=redelivered");
    expect((await send()).location).toContain("notice=delivery_has_changed");
    // The first redelivery has had its attempt, and failed again.
    await store(shop, id, DEAD.replaceAll("22", "23"));
    expect((await send()).location).toContain("notice=delivery_has_changed");
    expect(await deliveries(shop.client)).toMatchObject([{ status: "dead" }]);
  });

  it("A key that may only read sees the delivery without its content, and no form", async () => {
    const shop = await newShop();
    await shop.client.created();
    const [delivery] = await eventually(
      () => deliveries(shop.client),
      (all) => all.length === 1,
    );
    const path = `${DELIVERIES}/${delivery?.id}`;
    expect((await shop.visitor.get(path)).text).toContain("/redeliver");
    const reader = await newVisitor(
      (await newKey(shop.client.merchant_id, { scopes: ["webhooks:read"] })).key,
    );
    const { status, text } = await reader.get(path);
    expect(status).toBe(200);
    expect(text).toContain("is not shown here");
    expect(text).not.toContain("/redeliver");
    expect((await reader.post(`${path}/redeliver`, { progress: "pending 0" })).status).toBe(403);
  });
});
