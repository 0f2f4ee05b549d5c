/** A deployment with several books: each merchant's payments are in one of them. */
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { forgetKeys } from "../../../src/api/middleware/authenticate";
import { admin, newClient, TRANSACTIONS } from "../../support/api";
import { dbOf, newClientIn, rowsIn, whileFailing } from "../../support/books";
import { ask } from "../../support/contract";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";

type Page = { data: { id: string }[]; stale_since: string | null; next_cursor: string };
const listOf = async (client: { get: (path: string) => Promise<Response> }, path: string) =>
  (await (await client.get(path)).json()) as Page;
const metrics = async () => (await ask("/metrics", { key: env.METRICS_TOKEN })).text();

it("A deployment with more books serves merchants beside one with fewer, until a merchant is in a new one", async () => {
  const client = await newClientIn(1);
  const statusWith = async (books: string) => {
    forgetKeys();
    return (await ask(TRANSACTIONS, { key: client.key, env: { BOOKS: books } })).status;
  };
  expect([await statusWith("3"), await statusWith("1")]).toEqual([200, 200]);
  await newClientIn(3);
  expect([await statusWith("3"), await statusWith("2")]).toEqual([200, 503]);
  forgetKeys();
});

it("Payments, events, refunds and hours of a merchant are in its book, and read from there", async () => {
  const before = await rowsIn("listed_transactions");
  for (const book of [1, 2, 3]) {
    const client = await newClientIn(book);
    const { id } = await client.created();
    await client.process(id);
    await client.refund(id, { amount: 4 });
    const lists = [TRANSACTIONS, "/api/v1/refunds", "/api/v1/events"];
    const [payments, refunds, events] = await Promise.all(
      lists.map((path) => listOf(client, path)),
    );
    expect(payments?.data.map((one) => one.id)).toEqual([id]);
    expect(refunds?.data.length).toBe(1);
    expect(events?.data.length).toBe(5);
    const hours = await dbOf(book)
      .prepare("SELECT sum(created) AS n FROM hourly_totals WHERE merchant_id = ?")
      .bind(client.merchant_id)
      .first("n");
    expect(hours).toBe(1);
  }
  const after = await rowsIn("listed_transactions");
  expect(after.map((count, at) => count - (before[at] ?? 0))).toEqual([1, 1, 1]);
});

it("A new merchant is in the book with the fewest, and an operator may name one that there is", async () => {
  for (let count = 0; count < 4; count++) await newClientIn(1);
  for (let count = 0; count < 3; count++) await newClientIn(3);
  const books: number[] = [];
  for (let count = 0; count < 3; count++) {
    const { merchant_id } = await newClient();
    const merchant = await (await admin(`/api/v1/merchants/${merchant_id}`)).json();
    books.push((merchant as { book: number }).book);
  }
  expect(books).toEqual([2, 2, 2]);
  const refused = await admin("/api/v1/merchants", { name: "Shop", book: 4 });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({
    errors: [{ pointer: "#/book", message: "must be at most the number of books, which is 3" }],
  });
});

describe("a book that fails", () => {
  it("Delays no other merchant, and its own list says since when changes may be missing", async () => {
    const [well, ill] = [await newClientIn(1), await newClientIn(2)];
    const first = await ill.created();
    expect((await listOf(ill, TRANSACTIONS)).stale_since).toBeNull();
    const [own, other] = await whileFailing(2, "feed_events", async () => {
      const created = [await ill.created(), await well.created()];
      const lists = [await listOf(ill, TRANSACTIONS), await listOf(well, TRANSACTIONS)];
      expect(lists[1]?.data.map(({ id }) => id)).toEqual([created[1]?.id]);
      expect(lists[1]?.stale_since).toBeNull();
      expect(lists[0]?.data.map(({ id }) => id)).toEqual([first.id]);
      expect(lists[0]?.stale_since).toBe(created[0]?.created_at);
      const ready = await (await ask("/health/ready", {})).json();
      expect(ready).toMatchObject({ status: "degraded", outboxes: { book: { failing: true } } });
      return created;
    });
    // An object that was evicted has what waits, and retries it.
    for (const shard of ["shard-0", "shard-1"]) {
      await evictDurableObject(env.TRANSACTIONS.getByName(shard));
    }
    await eventually(async () => {
      const page = await listOf(ill, TRANSACTIONS);
      expect(page.data.map(({ id }) => id)).toEqual([own?.id, first.id]);
      expect(page.stale_since).toBeNull();
    });
    expect(other).toBeDefined();
  });

  it("Is named by the readiness and the metrics, and no sum lacks it silently", async () => {
    const all = await metrics();
    for (const book of [1, 2, 3])
      expect(all).toMatch(new RegExp(`payments_book_bytes{book="${book}"} \\d{5,}`));
    expect(all).toContain('payments_scrape_ok{source="book-2"} 1');
    await dbOf(2).prepare("ALTER TABLE settings RENAME TO settings_gone").run();
    await dbOf(2).prepare("ALTER TABLE totals RENAME TO totals_gone").run();
    try {
      const some = await metrics();
      expect(some).toContain('payments_scrape_ok{source="book-2"} 0');
      expect(some).toContain('payments_scrape_ok{source="book"} 1');
      expect(some).not.toContain("payments_transactions{");
      expect(some).not.toContain('payments_book_bytes{book="2"}');
      await scheduler.wait(1_000); // Requests within a second share the result.
      expect(await (await ask("/health/ready", {})).json()).toMatchObject({
        status: "degraded",
        dependencies: { book: "failing" },
        books: [
          { book: 1, state: "ok" },
          { book: 2, state: "failing" },
          { book: 3, state: "ok" },
        ],
      });
    } finally {
      await dbOf(2).prepare("ALTER TABLE settings_gone RENAME TO settings").run();
      await dbOf(2).prepare("ALTER TABLE totals_gone RENAME TO totals").run();
    }
  });
});

it("The metrics add up all books", async () => {
  const count = async () => {
    const [, value] =
      /^payments_transactions{status="pending"} (\d+)$/m.exec(await metrics()) ?? [];
    return Number(value);
  };
  const before = await count();
  for (const book of [1, 2, 3]) await (await newClientIn(book)).created();
  expect(await count()).toBe(before + 3);
});

it("A deployment with fewer books than before refuses requests, and writes no merchant into another book", async () => {
  const client = await newClientIn(2);
  const reduced = await ask(TRANSACTIONS, { key: client.key, env: { BOOKS: "1" } });
  expect([reduced.status, ((await reduced.json()) as { code: string }).code]).toEqual([
    503,
    "book_count_reduced",
  ]);
  const insert = env.DB.prepare("INSERT INTO feeds (merchant_id) VALUES (?)");
  await expect(insert.bind(client.merchant_id).run()).rejects.toThrow("merchant_in_other_book");
});
