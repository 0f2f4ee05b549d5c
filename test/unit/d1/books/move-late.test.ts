/** Calls of a move that arrive after it was cancelled. */
import { expect, it } from "vitest";
import { advanceMove } from "../../../../src/d1/books/moves/advance";
import { life, refunded, toRecord } from "../../../support/lives";
import { movingBooks, SMALL } from "../../../support/moving-books";

const lifeOf = (key: string) =>
  refunded(life(key, "completed"), [[1_000, "succeeded"]]).map((event) => toRecord(event, "mer_a"));

it("A call of a move that arrives when the move was cancelled changes nothing, whichever it is", async () => {
  let isOpened = false;
  let at = 1;
  for (; !isOpened; at += 1) {
    const { interfere, move, write, rows, bookOf, countRows, readAll, now } = movingBooks([
      "mer_a",
    ]);
    await write(lifeOf("a"));
    const before = await readAll("mer_a");
    const late = interfere({
      before: async (call) => {
        if (call !== at) return;
        const end = await move("mer_a", 1).catch(String);
        isOpened = end?.includes("Finish that move.") ?? false;
      },
      after: (call) => {
        if (call === at) throw new Error("ended");
      },
    });
    while (late.calls() < at) await advanceMove(late.env, "mer_a", 2, now(), SMALL).catch(String);
    if (isOpened) break;
    expect(bookOf("mer_a")).toBe(1);
    // The call that begins the move begins it also when it is late.
    if (rows(1, "SELECT 1 FROM book_moves WHERE phase <> 'done'").length > 0) continue;
    const open = rows(1, "SELECT * FROM feed_moves WHERE moved_to IS NOT NULL OR is_logged = 1");
    expect({ at, open, copied: countRows("mer_a", 2) }).toEqual({ at, open: [], copied: 0 });
    expect(await readAll("mer_a")).toEqual(before);
    expect(await write(lifeOf("later"))).toBe(true);
  }
  expect(at).toBeGreaterThan(40);
});
