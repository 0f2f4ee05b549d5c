/** The bounds of a batch of events. */
import { expect, it } from "vitest";
import { takeBatch } from "../../../../src/transactions/journal/take-batch";
import { life, refunded, toRecord } from "../../../support/lives";

const events = refunded(life("a", "completed"), [
  [100, "succeeded"],
  [200, "failed"],
]).map((event) => toRecord(event));
const charactersOf = (count: number) =>
  events
    .slice(0, count)
    .reduce((sum, { data, refund }) => sum + data.length + (refund ?? "").length, 0);

it("A batch ends at the number of events or of characters, and the texts of refunds count", () => {
  for (let count = 1; count <= events.length; count++) {
    expect(takeBatch(events, count, Number.POSITIVE_INFINITY)).toEqual(events.slice(0, count));
    expect(takeBatch(events, 100, charactersOf(count))).toEqual(events.slice(0, count));
    const one_less = Math.max(1, count - 1);
    expect(takeBatch(events, 100, charactersOf(count) - 1)).toEqual(events.slice(0, one_less));
  }
});

it("A batch has at least one event, however long", () => {
  expect(takeBatch(events, 100, 1)).toEqual(events.slice(0, 1));
});
