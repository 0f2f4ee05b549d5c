/** A merchant moves to another book by the operator's command, while it goes on paying. */
import { expect, it } from "vitest";
import { KEEP_MS } from "../../../src/d1/books/moves/advance";
import { admin, type Client, TRANSACTIONS } from "../../support/api";
import { dbOf, newClientIn } from "../../support/books";
import { ask } from "../../support/contract";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";

type Item = { id: string; type?: string; version?: number };
type Page = {
  data: Item[];
  next_cursor: string | null;
  has_more: boolean;
  stale_since: string | null;
};
type Progress = { phase: string; rows: number; wait_ms: number };

const page = async (client: Client, path: string) =>
  (await (await client.get(path)).json()) as Page;

/** All items of a list, by its cursors. */
async function readAll(client: Client, path: string): Promise<string[]> {
  const items: string[] = [];
  let cursor = "";
  for (;;) {
    const { data, next_cursor, has_more } = await page(client, `${path}?limit=3${cursor}`);
    items.push(...data.map(({ id, version = 0 }) => `${id} ${version}`));
    if (!has_more) return items;
    cursor = `&cursor=${next_cursor}`;
  }
}

async function step(merchant_id: string, book: number): Promise<Progress> {
  const response = await admin("/api/v1/operations/book-moves", { merchant_id, book });
  if (response.status !== 200) throw new Error(await response.text());
  return (await response.json()) as Progress;
}

/** Makes steps until the merchant has its new book, and then deletes what it has left. */
async function move(client: Client, book: number): Promise<void> {
  for (let steps = 0; steps < 50; steps++) {
    const { phase, wait_ms } = await step(client.merchant_id, book);
    if (phase === "done") return;
    if (wait_ms > 0) {
      expect(wait_ms).toBeLessThanOrEqual(KEEP_MS);
      await env.DB.prepare("UPDATE book_moves SET switched_at = switched_at - ?")
        .bind(KEEP_MS)
        .run();
    }
  }
  throw new Error("the move does not end");
}

const rowsOf = (book: number, merchant: string) =>
  dbOf(book)
    .prepare(
      `SELECT (SELECT count(*) FROM listed_transactions JOIN feeds ON feed = feeds.id WHERE merchant_id = ?1)
       + (SELECT count(*) FROM feed_events JOIN feeds ON position / 4398046511104 = feeds.id WHERE merchant_id = ?1)
       + (SELECT count(*) FROM refunds WHERE merchant_id = ?1) + (SELECT count(*) FROM hourly_totals WHERE merchant_id = ?1) AS n`,
    )
    .bind(merchant)
    .first<number>("n");

async function paid(client: Client, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const { id } = await client.created();
    await client.process(id);
    if (at % 2 === 0) await client.refund(id, { amount: 1 });
  }
}

it("A moved merchant has the same lists, feed and refunds, every cursor stays valid, and nothing is left behind", async () => {
  const client = await newClientIn(1);
  await paid(client, 6);
  const lists = [TRANSACTIONS, "/api/v1/events", "/api/v1/refunds"];
  const before = await Promise.all(lists.map((path) => readAll(client, path)));
  const cursors = await Promise.all(
    lists.map(async (path) => (await page(client, `${path}?limit=2`)).next_cursor),
  );
  const pages = await Promise.all(
    lists.map((path, at) => page(client, `${path}?limit=2&cursor=${cursors[at]}`)),
  );
  await move(client, 2);
  // This isolate still takes book 1 for the merchant's, and follows.
  expect(await Promise.all(lists.map((path) => readAll(client, path)))).toEqual(before);
  expect(
    await Promise.all(
      lists.map((path, at) => page(client, `${path}?limit=2&cursor=${cursors[at]}`)),
    ),
  ).toEqual(pages);
  expect(await rowsOf(1, client.merchant_id)).toBe(0);
  const merchant = await (await admin(`/api/v1/merchants/${client.merchant_id}`)).json();
  expect(merchant).toMatchObject({ book: 2 });
  await paid(client, 1);
  expect((await page(client, TRANSACTIONS)).data.length).toBe(7);
  expect(await rowsOf(1, client.merchant_id)).toBe(0);
  await move(client, 1);
  expect((await readAll(client, "/api/v1/events")).slice(0, before[1]?.length)).toEqual(before[1]);
  expect(await rowsOf(2, client.merchant_id)).toBe(0);
});

it("Payments, lists and a reader of the feed go on during each step of a move, and the feed loses and doubles nothing", async () => {
  const client = await newClientIn(2);
  await paid(client, 2);
  const read: string[] = [];
  let cursor = "";
  const readOn = async () => {
    const { data, next_cursor } = await page(client, `/api/v1/events?limit=100${cursor}`);
    read.push(...data.map(({ id }) => id));
    cursor = `&cursor=${next_cursor}`;
  };
  const created: string[] = [];
  for (let steps = 0; ; steps++) {
    if (steps > 60) throw new Error("the move does not end");
    await readOn();
    const { id } = await client.created();
    created.push(id);
    const list = await page(client, TRANSACTIONS);
    // Fresh, or it says since when it may not be.
    if (list.stale_since === null) expect(list.data[0]?.id).toBe(id);
    expect((await client.find(id)).status).toBe("pending");
    const { phase, wait_ms } = await step(client.merchant_id, 3);
    if (wait_ms > 0) await env.DB.prepare("UPDATE book_moves SET switched_at = 0").run();
    if (phase === "done") break;
  }
  await eventually(async () => {
    const list = await page(client, TRANSACTIONS);
    expect(list.stale_since).toBeNull();
    expect(list.data.map(({ id }) => id).slice(0, created.length)).toEqual(created.toReversed());
  });
  await readOn();
  expect(new Set(read).size).toBe(read.length);
  const ids = (await readAll(client, "/api/v1/events")).map((text) => text.split(" ")[0]);
  expect(read).toEqual(ids);
});

it("Moves, payments of two merchants and a reader of the feed at the same time lose and double nothing", async () => {
  const [client, other] = [await newClientIn(1), await newClientIn(1)];
  let isMoving = true;
  const pay = async (payer: Client) => {
    const ids: string[] = [];
    while (isMoving) {
      const { id } = await payer.created();
      ids.push(id);
      await payer.process(id);
      await payer.refund(id, { amount: 1 });
    }
    return ids;
  };
  const read: string[] = [];
  const readOn = async (cursor: string) => {
    const { data, next_cursor } = await page(client, `/api/v1/events?limit=100${cursor}`);
    read.push(...data.map(({ id }) => id));
    return `&cursor=${next_cursor}`;
  };
  let cursor = "";
  const reading = async () => {
    while (isMoving) cursor = await readOn(cursor);
  };
  const moving = async () => {
    for (const book of [2, 3, 1]) await move(client, book);
    isMoving = false;
  };
  const [ids, others] = await Promise.all([pay(client), pay(other), reading(), moving()]);
  await eventually(async () => {
    const list = await page(client, `${TRANSACTIONS}?limit=1`);
    expect(list.stale_since).toBeNull();
  });
  for (let count = -1; count !== read.length; ) {
    count = read.length;
    cursor = await readOn(cursor);
  }
  expect(read.length).toBe(5 * ids.length);
  expect(new Set(read).size).toBe(read.length);
  const idsOf = async (payer: Client, path: string) =>
    new Set((await readAll(payer, path)).map((text) => text.split(" ")[0]));
  expect(await idsOf(client, TRANSACTIONS)).toEqual(new Set(ids));
  expect((await idsOf(client, "/api/v1/refunds")).size).toBe(ids.length);
  expect(await idsOf(other, TRANSACTIONS)).toEqual(new Set(others));
  expect(await rowsOf(2, client.merchant_id)).toBe(0);
  expect(await rowsOf(3, client.merchant_id)).toBe(0);
});

it("A merchant in the middle of a move waits alone, its list says since when, and webhooks and readiness show it", async () => {
  const [client, other] = [await newClientIn(1), await newClientIn(1)];
  const first = await client.created();
  await page(client, TRANSACTIONS);
  // As at the end of a copy: both books point to each other.
  for (const [book, to] of [
    [1, 2],
    [2, 1],
  ] as const) {
    await dbOf(book)
      .prepare("INSERT INTO feeds (merchant_id) VALUES (?) ON CONFLICT DO NOTHING")
      .bind(client.merchant_id)
      .run()
      .catch(() => {});
    await dbOf(book)
      .prepare(
        "INSERT INTO feed_moves SELECT id, merchant_id, 1, ?2, 1 FROM feeds WHERE merchant_id = ?1",
      )
      .bind(client.merchant_id, to)
      .run();
  }
  const [own, beside] = [await client.created(), await other.created()];
  const list = await page(client, TRANSACTIONS);
  expect(list.data.map(({ id }) => id)).toEqual([first.id]);
  expect(list.stale_since).toBe(own.created_at);
  const others = await page(other, TRANSACTIONS);
  expect(others.data.map(({ id }) => id)).toEqual([beside.id]);
  expect(others.stale_since).toBeNull();
  await dbOf(1)
    .prepare("DELETE FROM feed_moves WHERE merchant_id = ?")
    .bind(client.merchant_id)
    .run();
  await eventually(async () => {
    const { data, stale_since } = await page(client, TRANSACTIONS);
    expect([data.length, stale_since]).toEqual([2, null]);
  });
});

it("After a move a rebuild of the book writes nothing twice", async () => {
  const client = await newClientIn(1);
  await paid(client, 2);
  await page(client, TRANSACTIONS);
  await move(client, 3);
  const feed = await readAll(client, "/api/v1/events");
  const totals = async () => {
    const sums = await Promise.all(
      [1, 2, 3].map((book) =>
        dbOf(book).prepare("SELECT sum(count) AS n FROM totals").first<number>("n"),
      ),
    );
    return sums.reduce<number>((sum, n) => sum + (n ?? 0), 0);
  };
  const before = await totals();
  const rebuilt = await admin("/api/v1/operations/rebuild-book", {});
  expect(rebuilt.status).toBe(202);
  await eventually(async () => {
    const ready = (await (await ask("/health/ready", {})).json()) as {
      outboxes: { book: { depth: number } };
    };
    expect(ready.outboxes.book.depth).toBe(0);
  });
  expect(await readAll(client, "/api/v1/events")).toEqual(feed);
  expect(await totals()).toBe(before);
  expect(await rowsOf(1, client.merchant_id)).toBe(0);
});

it("The books are listed with their merchants, sizes and moves; a book that does not exist is refused", async () => {
  const client = await newClientIn(2);
  await step(client.merchant_id, 3);
  const listed = (await (await admin("/api/v1/operations/books")).json()) as {
    data: { book: number; merchants: number; bytes: number }[];
    moves: object[];
  };
  expect(listed.data.map(({ book }) => book)).toEqual([1, 2, 3]);
  for (const { bytes } of listed.data) expect(bytes).toBeGreaterThan(10_000);
  expect(listed.data[2]?.merchants).toBeGreaterThan(0);
  expect(listed.moves.length).toBeGreaterThan(0);
  const refused = await admin("/api/v1/operations/book-moves", {
    merchant_id: client.merchant_id,
    book: 4,
  });
  expect(await refused.json()).toMatchObject({
    code: "invalid_request",
    errors: [{ pointer: "#/book" }],
  });
});
