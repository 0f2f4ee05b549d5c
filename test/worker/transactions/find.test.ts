/** Reads and lists of transactions and events. */
import { describe, expect, it } from "vitest";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { type Client, newClient, problem, TRANSACTIONS } from "../../support/api";
import { shop, times } from "../../support/owner";

describe("finding", () => {
  it("A list has a transaction right after its create, with the text of the response", async () => {
    const reader = await newClient();
    const answered = await (await reader.create({})).text();
    const list = await (await reader.get(TRANSACTIONS)).text();
    const end = `"has_more":false,"next_cursor":null,"stale_since":null`;
    expect(list).toBe(`{"data":[${answered}],${end}}`);
  });

  it("A transaction is found by its idempotency key", async () => {
    const transaction = await shop.created({}, "asked/for me?".replaceAll(" ", "_"));
    const path = `/api/v1/idempotency-keys/${encodeURIComponent(transaction.idempotency_key)}`;
    expect(await (await shop.get(path)).json()).toEqual(transaction);
    const unknown = await shop.get("/api/v1/idempotency-keys/never-used");
    expect([unknown.status, (await problem(unknown)).code]).toEqual([
      404,
      "idempotency_key_not_found",
    ]);
  });

  it("Another merchant gets for a transaction what a missing one gets", async () => {
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

  it("The pages of a growing list have no double and no gap", async () => {
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

  it("A list is filtered by customer, status and time", async () => {
    const reader = await newClient();
    const [one, two] = [
      await reader.created({ user_id: "a" }),
      await reader.created({ user_id: "b" }),
    ];
    await reader.cancel(two.id);
    const ids = (query: string) => listedIds(reader, query);
    expect(await ids("user_id=a")).toEqual([one.id]);
    expect(await ids("status=cancelled")).toEqual([two.id]);
    expect(await ids("status=pending&user_id=b")).toEqual([]);
    expect(await ids(`created_after=${one.created_at}`)).not.toContain(one.id);
    expect(await ids("created_before=2020-01-01T00:00:00%2B02:00")).toEqual([]);
    expect(await ids("created_after=2020-01-01T00:00:00Z")).toEqual([two.id, one.id]);
  });

  it("A list is filtered by currency and amount, which other filters restrict", async () => {
    const reader = await newClient();
    const dollars = await reader.created({ user_id: "a", amount: "1.00" });
    const more = await reader.created({ user_id: "b", amount: "1.01" });
    const yen = await reader.created({ user_id: "a", amount: 100, currency: "JPY" });
    await reader.cancel(yen.id);
    const ids = (query: string) => listedIds(reader, query);
    expect(await ids("currency=USD")).toEqual([more.id, dollars.id]);
    expect(await ids("currency=EUR")).toEqual([]);
    expect(await ids("amount_minor[gte]=100")).toEqual([yen.id, more.id, dollars.id]);
    expect(await ids("amount_minor[gte]=101")).toEqual([more.id]);
    expect(await ids("amount_minor[lte]=100")).toEqual([yen.id, dollars.id]);
    expect(await ids("amount_minor[gte]=100&amount_minor[lte]=100&currency=USD")).toEqual([
      dollars.id,
    ]);
    expect(await ids("currency=JPY&status=cancelled&user_id=a")).toEqual([yen.id]);
    expect(await ids("currency=USD&user_id=a&order=asc")).toEqual([dollars.id]);
  });

  it("A list is read from either end, and its cursor is refused in the other order", async () => {
    const reader = await newClient();
    const made: string[] = [];
    for (let count = 0; count < 5; count++) made.push((await reader.created()).id);
    const newest = await listedIds(reader, "");
    expect(newest.toSorted()).toEqual(made.toSorted());
    expect(await listedIds(reader, "order=desc")).toEqual(newest);
    for (const filter of ["", "&status=pending", "&user_id=user_1", "&currency=USD"]) {
      const page = async (query: string) =>
        (await (await reader.get(`${TRANSACTIONS}?limit=3${filter}&${query}`)).json()) as Page;
      const [first, last] = [await page("order=asc"), await page("order=desc")];
      const rest = await page(`order=asc&cursor=${first.next_cursor}`);
      const ids = [...first.data, ...rest.data].map(({ id }) => id);
      expect(ids).toEqual(newest.toReversed());
      expect([first.has_more, rest.has_more, rest.next_cursor]).toEqual([true, false, null]);
      for (const [order, { next_cursor }] of [
        ["asc", last],
        ["desc", first],
      ] as const) {
        const refused = await reader.get(`${TRANSACTIONS}?order=${order}&cursor=${next_cursor}`);
        expect(refused.status).toBe(400);
        expect((await problem(refused)).errors).toMatchObject([{ parameter: "cursor" }]);
      }
    }
  });

  it("The feed has all events in order, page by page", async () => {
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
    const { next_cursor } = rest;
    expect(done).toEqual({ data: [], has_more: false, next_cursor, stale_since: null });
  });
});
async function listedIds(reader: Client, query: string): Promise<string[]> {
  const { data } = (await (await reader.get(`${TRANSACTIONS}?${query}`)).json()) as Page;
  return data.map(({ id }) => id);
}

type Page = { data: Transaction[]; has_more: boolean; next_cursor: string | null };
type EventPage = {
  data: { type: string; sequence: number }[];
  has_more: boolean;
  next_cursor: string;
};
