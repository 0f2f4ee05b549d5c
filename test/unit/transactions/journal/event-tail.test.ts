/** The newest events, which are kept in memory. */
import { describe, expect, it } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
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
    refund: null as string | null,
  });
  const transaction = (version: number) => ({ version }) as Transaction; // Nothing reads the rest.
  const add = (tail: EventTail, record: ReturnType<typeof event>) =>
    tail.add(record, transaction(record.position));
  const positions = (recent: EventTail, after: number) =>
    recent.after(after)?.map(({ position }) => position);

  it("The event tail returns events after any position that it reaches back to, and none for earlier positions", () => {
    const recent = new EventTail();
    expect(positions(recent, 0)).toBeUndefined();
    for (const position of [8, 9, 10]) add(recent, event(position));
    expect([6, 7, 9, 10].map((after) => positions(recent, after))).toEqual([
      undefined,
      [8, 9, 10],
      [10],
      [],
    ]);
  });

  it("The event tails of all objects together are bounded in number and in size", () => {
    const [quiet, busy] = [new EventTail(), new EventTail()];
    for (let position = 1; position <= 10; position++) add(quiet, event(position));
    for (let position = 1; position <= 3_995; position++) add(busy, event(position));
    expect([quiet.after(4), quiet.after(5)?.length]).toEqual([undefined, 5]);
    expect(busy.after(0)).toHaveLength(3_995);
    add(busy, { ...event(3_996, 999_000), refund: "x".repeat(1_000_000) });
    expect([quiet.after(9), quiet.after(10)]).toEqual([undefined, []]);
    expect(busy.after(2_900)).toBeUndefined();
    expect(busy.after(3_500)).toHaveLength(496);
  });

  it("The event tail has the transaction of each event, and parses that of an event that it does not reach back to", () => {
    const recent = new EventTail();
    const parsed = { ...event(7), data: JSON.stringify(transaction(70)) };
    expect(recent.transactionOf(parsed).version).toBe(70);
    for (const position of [8, 9, 10]) add(recent, event(position));
    expect([8, 9, 10].map((at) => recent.transactionOf(event(at)).version)).toEqual([8, 9, 10]);
    expect(recent.transactionOf(parsed).version).toBe(70);
    add(new EventTail(), event(1, 1_999_999));
    expect(recent.transactionOf({ ...event(9), data: parsed.data }).version).toBe(70);
    expect(recent.transactionOf(event(10)).version).toBe(10);
  });

  it("An object does not find the events of its earlier life", () => {
    add(new EventTail(), event(1));
    const restarted = new EventTail();
    add(restarted, event(2));
    expect(restarted.after(0)).toBeUndefined();
  });
});
