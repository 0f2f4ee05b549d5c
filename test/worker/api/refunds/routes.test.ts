/** Refunds over HTTP. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Refund } from "../../../../src/domain/transaction/refund";
import { type Client, newClient, problem } from "../../../support/api";

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

async function paid(body: object = {}): Promise<string> {
  const response = await shop.create({ process: true, ...body });
  const transaction = (await response.json()) as { id: string; status: string };
  expect(transaction.status).toBe("completed");
  return transaction.id;
}

const json = async (response: Response) => (await response.json()) as Refund;
type Page = { data: Refund[]; has_more: boolean; next_cursor: string | null };
const page = async (path: string) => (await (await shop.get(path)).json()) as Page;

describe("refunds", () => {
  it("are created, found by id and listed", async () => {
    const id = await paid();
    const response = await shop.refund(id, {
      amount: "2.50",
      reason: "damaged",
      metadata: { a: "b" },
    });
    const text = await response.text();
    const refund = JSON.parse(text) as Refund;
    expect(response.status).toBe(201);
    expect(response.headers.get("Location")).toBe(`/api/v1/refunds/${refund.id}`);
    expect(refund).toMatchObject({
      transaction_id: id,
      amount: 2.5,
      amount_minor: 250,
      currency: "USD",
      status: "succeeded",
      reason: "damaged",
      metadata: { a: "b" },
      failure: null,
    });
    expect(await (await shop.get(`/api/v1/refunds/${refund.id}`)).text()).toBe(text);
    const rest = await json(await shop.refund(id));
    expect(rest).toMatchObject({ amount_minor: 750, status: "succeeded" });
    expect((await page(`/api/v1/transactions/${id}/refunds`)).data).toEqual([rest, refund]);
    expect((await page(`/api/v1/refunds?transaction_id=${id}`)).data).toEqual([rest, refund]);
    expect(await shop.find(id)).toMatchObject({ status: "completed", amount_refunded_minor: 1000 });
    const events = (await (await shop.get(`/api/v1/transactions/${id}/events`)).json()) as {
      data: { type: string; sequence: number; data: object }[];
    };
    expect(events.data.map(({ type }) => type).slice(3)).toEqual([
      "refund.created",
      "refund.succeeded",
      "refund.created",
      "refund.succeeded",
    ]);
    expect(events.data.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(events.data.at(-1)?.data).toEqual(rest);
  });

  it("The same key is the same refund, and another request under it is refused", async () => {
    const id = await paid();
    const first = await (await shop.refund(id, { amount: 1 }, "return-1")).text();
    const again = await shop.refund(id, { amount: "1.0" }, "return-1");
    expect(await again.text()).toBe(first);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    const fields = { amount: 2, reason: "other", metadata: { a: "b" } };
    const other = await problem(await shop.refund(id, fields, "return-1"));
    expect(other).toMatchObject({ status: 422, code: "idempotency_key_reused" });
    expect(other.errors?.map(({ pointer }) => pointer)).toEqual([
      "#/amount",
      "#/reason",
      "#/metadata",
    ]);
    const all = await problem(await shop.refund(id, {}, "return-1"));
    expect(all.errors).toMatchObject([{ pointer: "#/amount" }]);
  });

  it("never exceed what was captured", async () => {
    const id = await paid();
    const much = await problem(await shop.refund(id, { amount: "10.01" }));
    expect(much).toMatchObject({ status: 409, code: "refund_exceeds_remaining" });
    expect(much.detail).toContain("10 USD");
    await shop.refund(id, { amount: 4 });
    expect((await problem(await shop.refund(id, { amount: "6.01" }))).detail).toContain("6 USD");
    expect((await json(await shop.refund(id, { amount: 6 }))).status).toBe("succeeded");
    expect((await problem(await shop.refund(id))).code).toBe("refund_exceeds_remaining");
  });

  it("A declined refund leaves the money to be refunded", async () => {
    const id = await paid();
    const metadata = { processor: "decline:no_balance" };
    const failed = await json(await shop.refund(id, { metadata }));
    expect(failed).toMatchObject({ status: "failed", failure: { code: "no_balance" } });
    expect(await shop.find(id)).toMatchObject({ amount_refunded_minor: 0 });
    expect(await json(await shop.refund(id))).toMatchObject({
      status: "succeeded",
      amount_minor: 1000,
    });
  });

  it("A refund without an outcome is pending and is reserved", async () => {
    const id = await paid();
    const metadata = { processor: "pending,pending,pending,settle" };
    expect(await json(await shop.refund(id, { amount: 9, metadata }))).toMatchObject({
      status: "pending",
    });
    expect((await problem(await shop.refund(id, { amount: 2 }))).detail).toContain("1 USD");
  });

  it.each([
    ["amount", 0],
    ["amount", "1.001"],
    ["amount", true],
    ["reason", 5],
    ["reason", "card 4242424242424242"],
    ["metadata", { a: 1 }],
    ["amount_minor", 100],
  ])("A faulty %s is named", async (field, value) => {
    const id = await paid();
    const refused = await problem(await shop.refund(id, { [field]: value }));
    expect(refused.status).toBe(400);
    expect(refused.errors?.[0]?.pointer).toMatch(new RegExp(`^#/${field}`));
  });

  it("need an idempotency key and a completed transaction of the merchant", async () => {
    const id = await paid();
    const without = await shop.send("{}", {}, `/api/v1/transactions/${id}/refunds`);
    expect((await problem(without)).code).toBe("idempotency_key_missing");
    const pending = await shop.created();
    expect((await problem(await shop.refund(pending.id))).code).toBe("illegal_transition");
    const other = await newClient();
    expect((await problem(await other.refund(id))).code).toBe("transaction_not_found");
    const { id: refundId } = await json(await shop.refund(id));
    const foreign = await other.get(`/api/v1/refunds/${refundId}`);
    expect([foreign.status, (await problem(foreign)).code]).toEqual([404, "refund_not_found"]);
    expect((await problem(await shop.get(`${"/api/v1/refunds"}/re_1`))).code).toBe(
      "refund_not_found",
    );
    const another = `${refundId.slice(0, -1)}${refundId.endsWith("a") ? "b" : "a"}`;
    expect((await problem(await shop.get(`/api/v1/refunds/${another}`))).code).toBe(
      "refund_not_found",
    );
  });

  it("are listed by pages and filters", async () => {
    const other = await newClient();
    const client = shop;
    shop = other;
    const id = await paid();
    for (const amount of [1, 2, 3]) await shop.refund(id, { amount });
    await shop.refund(id, { amount: 1, metadata: { processor: "decline:no" } });
    const first = await page("/api/v1/refunds?limit=3");
    expect([first.data.length, first.has_more]).toEqual([3, true]);
    const second = await page(`/api/v1/refunds?limit=3&cursor=${first.next_cursor}`);
    expect([second.data.length, second.has_more]).toEqual([1, false]);
    expect(new Set([...first.data, ...second.data].map((refund) => refund.id)).size).toBe(4);
    expect((await page("/api/v1/refunds?status=failed")).data).toMatchObject([
      { status: "failed" },
    ]);
    expect((await page("/api/v1/refunds?status=succeeded")).data).toHaveLength(3);
    const wrong = await problem(await shop.get("/api/v1/refunds?status=open&transaction_id=1"));
    expect(wrong.errors?.map(({ parameter }) => parameter).sort()).toEqual([
      "status",
      "transaction_id",
    ]);
    shop = client;
  });
});
