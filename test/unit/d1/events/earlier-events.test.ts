/** Events that share a row: their bytes come back as they were, and take little room. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unpackEvents } from "../../../../src/d1/events/earlier-events";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import { packEarlier } from "../../../support/earlier-book";
import { ENDS, HOLDS, heldLife, holdLife, life, refunded, toRecord } from "../../../support/lives";

/** The row of these events, as D1 returns it, and what is read from it. */
function throughRow(events: EventRecord[]): EventRecord[] {
  const last = events.at(-1);
  if (!last) throw new Error("no events");
  const packed = packEarlier(
    events,
    events.map(({ data }) => JSON.parse(data)),
  );
  return unpackEvents({ ...last, earlier: JSON.stringify(packed) });
}

const textsOf = (events: EventRecord[]) =>
  events.map(({ sequence, type, created_at_ms, data, refund }) => [
    sequence,
    type,
    created_at_ms,
    data,
    refund,
  ]);

const record = (data: string, sequence: number): EventRecord => ({
  position: sequence,
  merchant_id: "mer_a",
  transaction_id: "txn_a",
  sequence,
  type: "transaction.created",
  created_at_ms: 1_000 + sequence,
  data,
  traceparent: null,
  first_position: 1,
  refund: null,
});

const HELD = [undefined, "reject", "cancel", "approve"] as const;
const LIVES = [
  ...ENDS.map((end) => life("a", end)),
  ...HELD.map((word) => heldLife("a", word, word === "approve" ? "completed" : undefined)),
  ...HOLDS.map((hold) => holdLife("a", hold)),
  refunded(life("a", "completed"), [
    [100, "succeeded"],
    [200, "failed"],
    [300, "pending"],
  ]),
].map((events) => events.map((event) => toRecord(event)));

describe("events that share a row", () => {
  it("The events of every kind of transaction come back with their bytes", () => {
    for (const events of LIVES) expect(textsOf(throughRow(events))).toEqual(textsOf(events));
  });

  it("Only what differs from the last event is stored of the earlier ones", () => {
    const events = life("a", "completed", { description: "d".repeat(400) });
    const packed = packEarlier(
      events.map((event) => toRecord(event)),
      events.map(({ data }) => data),
    );
    expect(packed.map(([, , , data]) => data)).toEqual([
      { status: "pending", version: 1, amount_captured_minor: 0 },
      { status: "processing", version: 2, amount_captured_minor: 0 },
    ]);
  });

  it("Rows of the release before, without refunds, are read as they were", () => {
    const events = life("a", "completed").map((event) => toRecord(event));
    const [created, processing, completed] = events as [EventRecord, EventRecord, EventRecord];
    const earlier = JSON.stringify([
      [
        1,
        "transaction.created",
        created.created_at_ms,
        { status: "pending", version: 1, amount_captured_minor: 0 },
      ],
      [2, "transaction.processing", processing.created_at_ms, processing.data],
    ]);
    expect(textsOf(unpackEvents({ ...completed, earlier }))).toEqual(textsOf(events));
  });

  it("A member that is undefined, which JSON leaves out, does not come back with the value of the last event", () => {
    const transactions = [
      { status: "pending", resolution: undefined },
      { status: "completed", resolution: "by hand" },
    ];
    const events = transactions.map((data, at) => record(JSON.stringify(data), at + 1));
    const [last] = events.slice(-1);
    const earlier = JSON.stringify(packEarlier(events, transactions));
    expect(last && unpackEvents({ ...last, earlier })).toEqual(
      events.map((event) => ({ ...event, earlier, position: 2 })),
    );
  });

  it("Objects of any members come back with their bytes", () => {
    const member = fc.constantFrom("status", "2", "1", "__proto__", "toString", "é", '"', "\u2028");
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(-0, 1e21, 0.1, "\ud800", "\u0000"));
    const objects = fc.array(fc.dictionary(member, value, { noNullPrototype: false }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(objects, fc.constantFrom(undefined, 1), (all, indent) => {
        const events = all.map((data, at) => record(JSON.stringify(data, null, indent), at + 1));
        expect(textsOf(throughRow(events))).toEqual(textsOf(events));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["spaces", '{"a": 1}', '{"a":1}'],
    ["a number that JavaScript writes otherwise", '{"a":1.0}', '{"a":1}'],
    ["a negative zero", '{"a":-0}', '{"a":0}'],
    ["a member twice", '{"a":1,"a":2}', '{"a":2}'],
    ["another order of members", '{"b":1,"a":1}', '{"a":1,"b":1}'],
    ["a member that the last event lacks", '{"a":1,"b":1}', '{"a":1}'],
    ["a member fewer than the last event", '{"a":1}', '{"a":1,"b":1}'],
    ["an escape that is not necessary", '{"a":"\\u0041"}', '{"a":"A"}'],
  ])("An event with %s comes back with its bytes", (_, first, last) => {
    const events = [record(first, 1), record(last, 2)];
    expect(textsOf(throughRow(events))).toEqual(textsOf(events));
  });
});
