/** Lists the books, and moves a merchant to another one, some steps in each request. */
import type { z } from "@hono/zod-openapi";
import { findBook } from "../../d1/books/books";
import { countMerchants } from "../../d1/books/directory";
import { advanceMove, MoveFailed, MoveRefused } from "../../d1/books/moves/advance";
import type { MoveStatus } from "../../d1/books/moves/copy";
import { listMoves } from "../../d1/books/moves/directory-moves";
import { openDatabase } from "../../d1/query";
import { FIRST_BOOK } from "../../settings";
import type { AppContext } from "../context";
import { Problem } from "../http/problem";
import { jsonResponse } from "../http/response";
import { readBookTotals } from "./read-totals";
import type { MoveBody } from "./schemas";

const READ_LIMIT_MS = 5_000;
const MAX_MOVES = 100;
/** A request makes steps for so long, and so many at most: a step makes three or four calls, and a Worker may make 1,000. */
const STEPS_MS = 2_000;
const MAX_STEPS = 20;

export async function listAllBooks(c: AppContext): Promise<Response> {
  const directory = findBook(c.env, FIRST_BOOK);
  const [merchants, { books }, moves] = await Promise.all([
    countMerchants(openDatabase(directory)),
    readBookTotals(c, READ_LIMIT_MS),
    listMoves(directory, MAX_MOVES),
  ]);
  return jsonResponse(c, 200, {
    data: books.map(({ book, bytes = null }) => ({
      book,
      merchants: merchants.get(book) ?? 0,
      bytes,
    })),
    moves: moves.map(({ merchant_id, from_book, to_book, phase }) => {
      return { merchant_id, from_book, to_book, phase };
    }),
  });
}

/** Makes the next steps of a move. */
export async function moveMerchant(
  c: AppContext,
  { merchant_id, book }: z.output<typeof MoveBody>,
): Promise<Response> {
  requireBook(c, book);
  const startedAtMs = Date.now();
  let rows = 0;
  for (let step = 1; ; step++) {
    const made = await makeStep(c, merchant_id, book);
    rows += made.rows;
    const isOver = made.phase === "done" || made.wait_ms > 0;
    if (made.phase === "opened") c.get("log")("warn", "book.moved", { merchant_id, book });
    if (isOver || step === MAX_STEPS || Date.now() - startedAtMs > STEPS_MS) {
      return jsonResponse(c, 200, { ...made, rows });
    }
  }
}

/** @throws Problem */
async function makeStep(c: AppContext, merchantId: string, book: number): Promise<MoveStatus> {
  try {
    const made = await advanceMove(c.env, merchantId, book, Date.now());
    if (!made) throw new Problem("merchant_not_found");
    return made;
  } catch (fault) {
    if (fault instanceof MoveRefused) {
      throw new Problem("book_move_refused", { detail: fault.message });
    }
    if (!(fault instanceof MoveFailed)) throw fault;
    c.get("log")("error", "book.move_failed", { merchant_id: merchantId, book });
    throw new Problem("book_move_failed", {
      detail: `The copy differs from its source, and the merchant is where it was: ${fault.message}.`,
    });
  }
}

/** @throws Problem when there is no such book */
export function requireBook(c: AppContext, book: number): void {
  const { books } = c.get("config");
  if (book <= books) return;
  const message = `must be at most the number of books, which is ${books}`;
  throw new Problem("invalid_request", {
    detail: `book ${message}.`,
    errors: [{ pointer: "#/book", message }],
  });
}
