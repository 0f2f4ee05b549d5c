/** How the TypeScript client reads lists. */
import { describe, expect, it } from "vitest";
import type { Transaction } from "../../../../clients/typescript/src/index";
import { clientOf } from "../../../support/replying-client";

describe("A list", () => {
  const page = (ids: string[], next_cursor: string | null, has_more = next_cursor !== null) => ({
    status: 200,
    body: { data: ids.map((id) => ({ id })), next_cursor, has_more, stale_since: null },
  });
  const idsOf = async (items: AsyncIterable<Pick<Transaction, "id">>) => {
    const ids: string[] = [];
    for await (const { id } of items) ids.push(id);
    return ids;
  };

  it("It is read to the end over all pages, also over empty ones", async () => {
    const { payments, urls } = clientOf(
      page([], "1"),
      page(["a", "b"], "2"),
      page([], "3"),
      page([], "4"),
      page(["c"], null),
    );
    const query = { currency: "EUR", order: "asc" } as const;
    expect(await idsOf(payments.transactions.list(query))).toEqual(["a", "b", "c"]);
    const queries = urls.map((url) => new URL(url).search);
    const own = "?currency=EUR&order=asc";
    expect(queries).toEqual([own, ...["1", "2", "3", "4"].map((at) => `${own}&cursor=${at}`)]);
  });

  it("The feed ends at a page without more, although that has a cursor for later", async () => {
    const { payments, urls } = clientOf(page(["a"], "1", false));
    expect(await idsOf(payments.events.list({ cursor: "0" }))).toEqual(["a"]);
    expect(new URL(urls[0] ?? "").search).toBe("?cursor=0");
  });

  it("It requests a page only when the loop arrives at it", async () => {
    const { payments, urls } = clientOf(page(["a"], "1"), page(["b"], null));
    for await (const { id } of payments.transactions.list()) {
      expect(id).toBe("a");
      break;
    }
    expect(urls).toHaveLength(1);
  });

  it("A cursor that does not advance ends it with an error", async () => {
    const { payments } = clientOf(page(["a"], "1"));
    await expect(idsOf(payments.transactions.list())).rejects.toThrow("does not advance");
  });

  it("A filter with brackets is sent as the API names it", async () => {
    const { payments, urls } = clientOf(page([], null));
    const filter = { "created_at[gte]": "2026-11-22T21:00:00Z", "amount_minor[lte]": 100 };
    await payments.transactions.list(filter).page();
    const { searchParams } = new URL(urls[0] ?? "");
    expect([...searchParams]).toEqual([
      ["created_at[gte]", "2026-11-22T21:00:00Z"],
      ["amount_minor[lte]", "100"],
    ]);
  });
});
