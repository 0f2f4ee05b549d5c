/** Moves and books that were set back to an earlier time, with Time Travel. */
import { expect, it } from "vitest";
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
