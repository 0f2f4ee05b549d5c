/** The newest events, which are kept in memory. */
import { describe, expect, it } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import { EventTail } from "../../../../src/transactions/journal/event-tail";
import { MERCHANT, NOW_MS } from "../../../support/examples";

const idOf = (key: string) => deriveTransactionId(MERCHANT, key);
describe("the newest events", () => {
  const event = (position: number, characters = 1) => ({
    position,
    merchant_id: MERCHANT,
    transaction_id: idOf("a"),
    sequence: position,
    type: "transaction.created" as const,
    created_at_ms: NOW_MS,
    data: "x".repeat(characters),
    traceparent: null,
    first_position: 1,
  });
  const positions = (recent: EventTail, after: number) =>
    recent.after(after)?.map(({ position }) => position);

  it("The event tail returns events after any position that it reaches back to, and none for earlier positions", () => {
    const recent = new EventTail();
    expect(positions(recent, 0)).toBeUndefined();
    for (const position of [8, 9, 10]) recent.add(event(position));
    expect([6, 7, 9, 10].map((after) => positions(recent, after))).toEqual([
      undefined,
      [8, 9, 10],
      [10],
      [],
    ]);
  });

  it("The event tail is bounded in number and in size", () => {
    const many = new EventTail();
    for (let position = 1; position <= 1_001; position++) many.add(event(position));
    expect([many.after(500), many.after(501)?.length]).toEqual([undefined, 500]);
    const large = new EventTail();
    for (let position = 1; position <= 3; position++) large.add(event(position, 900_000));
    expect([positions(large, 1), positions(large, 2)]).toEqual([undefined, [3]]);
  });
});
