/** Moves a merchant to another book, a bounded step at a time. What has been done is in D1 alone, so any caller goes on where another
 *  one has stopped, and callers at the same time do no harm. */
import type { BookBindings } from "../../../env";
import { FIRST_BOOK } from "../../../settings";
import { openDatabase } from "../../query";
import { findBook } from "../books";
import { keepBookCount } from "../directory";
import { beginCopy, copyPage, follow, type MoveStatus, status, verify } from "./copy";
import {
  correctBook,
  endMove,
  readMove,
  type StoredMove,
  startMove,
  switchBook,
} from "./directory-moves";
import { deleteLeftover, findLeftover } from "./leftovers";
import { STATEMENTS } from "./parts";
import { findFence, findPointer, followPointers, removeFence } from "./pointers";
import { SIZES, type Sizes } from "./sizes";
import { deleteCopied, depart, hasEarlierRows, stay } from "./source";
import { arrive, clear, readArrival, StepTaken, setProgress } from "./target";

/** Rows stay in the book that a merchant has left for so long: far longer than a reader that began before needs. */
export const KEEP_MS = 60_000;

/** The merchant cannot be moved there now. The message is for the operator. */
export class MoveRefused extends Error {
  override readonly name = "MoveRefused";
}

/** The copy was not the same as its source. The merchant is where it was. The message is for the operator. */
export class MoveFailed extends Error {
  override readonly name = "MoveFailed";
}

/** Makes the next step of a merchant's move to a book.
 *  @returns undefined when there is no such merchant
 *  @throws MoveRefused, MoveFailed, DatabaseUnavailable, after which it may be repeated */
export async function advanceMove(
  env: BookBindings,
  merchantId: string,
  to: number,
  nowMs: number,
  sizes = SIZES,
): Promise<MoveStatus | undefined> {
  const directory = findBook(env, FIRST_BOOK);
  const { book, move } = await readMove(directory, merchantId);
  if (book === undefined) return undefined;
  if (!move || move.phase === "done") {
    const pointer = await findPointer(env, merchantId, book);
    const actual = await followPointers(env, merchantId, book, pointer);
    if (actual !== book) {
      await correctBook(directory, merchantId, book, actual);
      return status("starting");
    }
    if (pointer !== undefined) await openOwn(env, merchantId, book);
    if (book === to) return await tidy(env, merchantId, book, sizes);
    if (await hasEarlierRows(findBook(env, book), merchantId)) {
      throw new MoveRefused(
        "The merchant has rows of an earlier release in D1. The shards move them; try again later.",
      );
    }
    await keepBookCount(openDatabase(directory), to);
    await startMove(directory, merchantId, book, to, nowMs);
    return status("starting");
  }
  const isCancelled = move.phase === "copying" && to === move.from_book;
  if (move.to_book !== to && !isCancelled) {
    throw new MoveRefused(`The merchant is being moved to book ${move.to_book}.`);
  }
  try {
    if (isCancelled) return await cancel(env, move, sizes);
    return move.phase === "copying"
      ? await copy(env, move, nowMs, sizes)
      : await leave(env, move, nowMs, sizes);
  } catch (fault) {
    // The other caller's step is as good.
    if (fault instanceof StepTaken) return status("starting");
    throw fault;
  }
}

/** A merchant's book, by the directory, takes its events, also if it was set back to a time at which another one had them. */
async function openOwn(env: BookBindings, merchantId: string, book: number): Promise<void> {
  const db = findBook(env, book);
  const pointed = await findFence(db, merchantId);
  if (pointed === undefined) return;
  // Read after that: a move that begins later has a higher number.
  const now = await readMove(findBook(env, FIRST_BOOK), merchantId);
  if (now.book !== book || (now.move && now.move.phase !== "done")) return;
  await removeFence(db, merchantId, pointed);
}

/** Nothing is to be moved: other books keep no rows of the merchant. */
async function tidy(
  env: BookBindings,
  merchantId: string,
  book: number,
  sizes: Sizes,
): Promise<MoveStatus> {
  const other = await findLeftover(env, merchantId, book);
  if (other === undefined) return status("done");
  return status("deleting", await deleteLeftover(env, merchantId, book, other, sizes.deleted));
}

async function copy(
  env: BookBindings,
  move: StoredMove,
  nowMs: number,
  sizes: Sizes,
): Promise<MoveStatus> {
  const [source, target] = [findBook(env, move.from_book), findBook(env, move.to_book)];
  const arrival = await readArrival(target, move.merchant_id);
  if (arrival?.move !== move.move) {
    // Changes are noted before the first row is read.
    if (!(await depart(source, move))) {
      throw new MoveRefused(`Book ${move.from_book} does not have the merchant.`);
    }
    await arrive(target, move);
    return status("starting");
  }
  const { progress } = arrival;
  const work = { source, target, move, arrival, sizes };
  switch (progress.phase) {
    case "clearing": {
      const next = beginCopy("events", STATEMENTS.events.first);
      return status("clearing", await clear(target, move, arrival, next, sizes.deleted));
    }
    case "copying":
      return copyPage(work, progress);
    case "following":
      return follow(work, progress);
    case "verifying":
      return verify(work, progress);
    case "opened":
      await switchBook(findBook(env, FIRST_BOOK), move, nowMs);
      return status("opened");
    case "failed": {
      const deleted = await giveUp(env, move, sizes);
      if (deleted > 0) return status("clearing", deleted);
      throw new MoveFailed(progress.reason);
    }
  }
}

/** Gives up a move whose copy is marked as failed: the merchant is where it was. @returns how many copied rows were deleted; with 0 the
 *  move has ended */
async function giveUp(env: BookBindings, move: StoredMove, sizes: Sizes): Promise<number> {
  await stay(findBook(env, move.from_book), move);
  const deleted = await deleteCopied(findBook(env, move.to_book), move, sizes.deleted);
  if (deleted === 0) await endMove(findBook(env, FIRST_BOOK), move, "copying");
  return deleted;
}

/** Ends a move on request. The book that gets the merchant has to respond, because it may have the merchant already. */
async function cancel(env: BookBindings, move: StoredMove, sizes: Sizes): Promise<MoveStatus> {
  const target = findBook(env, move.to_book);
  // A call that comes late finds that it was made.
  await depart(findBook(env, move.from_book), move);
  await arrive(target, move);
  const arrival = await readArrival(target, move.merchant_id);
  if (!arrival || arrival.move !== move.move || arrival.progress.phase === "opened") {
    throw new MoveRefused(`The merchant is in book ${move.to_book} already. Finish that move.`);
  }
  if (arrival.progress.phase !== "failed") {
    await setProgress(target, move, arrival, { phase: "failed", reason: "it was cancelled" });
  }
  return status("clearing", await giveUp(env, move, sizes));
}

/** Deletes the rows in the book that the merchant has left. */
async function leave(
  env: BookBindings,
  move: StoredMove,
  nowMs: number,
  sizes: Sizes,
): Promise<MoveStatus> {
  const keptUntilMs = (move.switched_at ?? nowMs) + KEEP_MS;
  // A clock that was ahead must not keep them for longer.
  if (nowMs < keptUntilMs && keptUntilMs - nowMs <= KEEP_MS) {
    return status("deleting", 0, keptUntilMs - nowMs);
  }
  // If the other book was set back, what it lacks is written by a rebuild.
  await removeFence(findBook(env, move.to_book), move.merchant_id, move.move);
  const deleted = await deleteCopied(findBook(env, move.from_book), move, sizes.deleted);
  if (deleted > 0) return status("deleting", deleted);
  await endMove(findBook(env, FIRST_BOOK), move, "deleting");
  return status("done");
}
