/** Moves and books that were set back to an earlier time, with Time Travel. */
import { expect, it } from "vitest";
import { deleteLeftover, findLeftover } from "../../../../src/d1/books/moves/leftovers";
import { life, refunded, toRecord } from "../../../support/lives";
import { movingBooks } from "../../../support/moving-books";

const lifeOf = (key: string) =>
  refunded(life(key, "completed"), [[1_000, "succeeded"]]).map((event) => toRecord(event, "mer_a"));

async function filled() {
  const made = movingBooks(["mer_a"]);
  await made.write(lifeOf("order-1"));
  /** Deletes what a book has got since a time when it had nothing of the merchant. */
  const empty = (book: number) => {
    for (const table of ["feed_events", "listed_transactions", "refunds", "hourly_totals"]) {
      made.rows(book, `DELETE FROM ${table}`);
    }
  };
  /** What a rebuild does: each shard reads the directory again, and writes everything. */
  const rebuild = async () => {
    made.books.forget();
    return (await made.write(lifeOf("order-1"))) && made.write(lifeOf("order-2"));
  };
  const listed = async () => (await made.readAll("mer_a")).payments.length;
  return { ...made, empty, rebuild, listed };
}

it("A book that was set back to a time within the move to it takes the merchant's events again after the command", async () => {
  const { move, rows, empty, rebuild, listed, bookOf } = await filled();
  await move("mer_a", 2);
  empty(2);
  rows(2, "UPDATE feed_moves SET moved_to = 1");
  rows(2, `UPDATE book_arrivals SET progress = '{"phase":"clearing"}', step = 0`);
  expect(await rebuild()).toBe(false);
  await move("mer_a", 2);
  expect(await rebuild()).toBe(true);
  expect(await listed()).toBe(2);
  await move("mer_a", 3);
  expect([bookOf("mer_a"), await listed()]).toEqual([3, 2]);
});

it("The same before the rows in the other book are deleted", async () => {
  const { move, rows, empty, rebuild, listed, bookOf } = await filled();
  let isSetBack = false;
  await move("mer_a", 2, () => {
    if (isSetBack || bookOf("mer_a") === 1) return;
    isSetBack = true;
    empty(2);
    rows(2, "UPDATE feed_moves SET moved_to = 1");
    rows(2, `UPDATE book_arrivals SET progress = '{"phase":"clearing"}', step = 0`);
  });
  expect(isSetBack).toBe(true);
  expect(await rebuild()).toBe(true);
  expect(await listed()).toBe(2);
});

it("A book that was set back to a time after an earlier stay of the merchant takes its events again after the command", async () => {
  const { move, rows, rebuild, listed, bookOf } = await filled();
  for (const book of [2, 1, 3]) await move("mer_a", book);
  const pointers = rows(2, "SELECT moved_to FROM feed_moves");
  expect(pointers).toEqual([{ moved_to: 1 }]);
  await move("mer_a", 2);
  rows(2, "UPDATE feed_moves SET moved_to = 1");
  expect(await rebuild()).toBe(false);
  await move("mer_a", 2);
  expect(bookOf("mer_a")).toBe(2);
  expect(await rebuild()).toBe(true);
  expect(await listed()).toBe(2);
});

it("The first book, set back to a time before a merchant was moved out of it, has it again", async () => {
  const { move, rows, rebuild, listed, bookOf } = await filled();
  await move("mer_a", 2);
  for (const table of ["feed_moves", "book_moves", "book_changes"]) rows(1, `DELETE FROM ${table}`);
  rows(1, "UPDATE merchants SET book = 1");
  expect(await rebuild()).toBe(true);
  expect([bookOf("mer_a"), await listed()]).toEqual([1, 2]);
  await move("mer_a", 2);
  expect([bookOf("mer_a"), await listed()]).toEqual([2, 2]);
});

it("The first book, set back to a time before a merchant was moved to it, has it after the command", async () => {
  const { move, rows, empty, rebuild, listed, bookOf } = await filled();
  await move("mer_a", 2);
  await move("mer_a", 1);
  empty(1);
  for (const table of ["feed_moves", "feeds", "book_moves", "book_arrivals"]) {
    rows(1, `DELETE FROM ${table}`);
  }
  rows(1, "UPDATE merchants SET book = 2");
  expect(await rebuild()).toBe(false);
  await move("mer_a", 1);
  expect(await rebuild()).toBe(true);
  expect([bookOf("mer_a"), await listed()]).toEqual([1, 2]);
});

it("A book that was set back to a time before a merchant left it points to the merchant's book after the command, and keeps no rows", async () => {
  const { move, rows, rebuild, listed, countRows, env, bookOf } = await filled();
  await move("mer_a", 2);
  const tables = ["feed_events", "listed_transactions", "refunds", "hourly_totals"];
  const before = tables.map((table) => rows(2, `SELECT * FROM ${table}`));
  await move("mer_a", 3);
  rows(2, "DELETE FROM feed_moves");
  for (const [at, table] of tables.entries()) {
    for (const row of before[at] ?? []) {
      const columns = Object.keys(row);
      const values = columns.map((column) => `?${columns.indexOf(column) + 1}`);
      rows(2, `INSERT INTO ${table} VALUES (${values})`, ...(Object.values(row) as string[]));
    }
  }
  expect(countRows("mer_a", 2)).toBeGreaterThan(0);
  expect(await findLeftover(env, "mer_a", 3)).toBe(2);
  await move("mer_a", 3);
  expect(countRows("mer_a", 2)).toBe(0);
  expect(rows(2, "SELECT moved_to FROM feed_moves")).toEqual([{ moved_to: 3 }]);
  expect(await findLeftover(env, "mer_a", 3)).toBeUndefined();
  expect(await rebuild()).toBe(true);
  expect(await listed()).toBe(2);
  await move("mer_a", 2);
  expect([bookOf("mer_a"), await listed()]).toEqual([2, 2]);
});

it("Rows of a merchant's book are not deleted by a command that is late by a whole move", async () => {
  const { move, rows, bookOf, listed, interfere, countRows } = await filled();
  await move("mer_a", 2);
  for (let at = 1; at <= 4; at += 1) {
    const [own, other] = [bookOf("mer_a"), 5 - bookOf("mer_a")];
    const late = interfere({
      before: async (call) => {
        if (call === at) await move("mer_a", other);
      },
    });
    await deleteLeftover(late.env, "mer_a", own, other, 1_000);
    expect([at, bookOf("mer_a"), await listed()]).toEqual([at, other, 1]);
    expect(countRows("mer_a", other)).toBeGreaterThan(0);
    expect(rows(other, "SELECT moved_to FROM feed_moves")).toEqual([{ moved_to: null }]);
    await move("mer_a", own);
  }
});
