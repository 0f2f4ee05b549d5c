/** Lists as a client reads them, page by page. */
import { expect } from "vitest";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { type Client, TRANSACTIONS } from "./api";

type Page = { data: Transaction[]; has_more: boolean; next_cursor: string | null };

/** All pages of a list. */
export async function readAll(client: Client, query = ""): Promise<Transaction[]> {
  const all: Transaction[] = [];
  let cursor = "";
  for (let pages = 0; pages < 200; pages++) {
    const response = await client.get(`${TRANSACTIONS}?limit=7${query}${cursor}`);
    expect(response.status).toBe(200);
    const page = (await response.json()) as Page;
    all.push(...page.data);
    if (!page.has_more) return all;
    cursor = `&cursor=${encodeURIComponent(page.next_cursor ?? "")}`;
  }
  throw new Error("the list does not end");
}
