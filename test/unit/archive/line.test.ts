/** Lines of archived payments: readable by ordinary tools, and restored to the byte. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { ArchiveFault } from "../../../src/archive/archive-fault";
import { type ArchivedPayment, fromLine, toLine } from "../../../src/archive/line";
import type { Event } from "../../../src/domain/transaction/event";
import { archived } from "../../support/archive";
import {
  disputed,
  ENDS,
  HOLDS,
  heldLife,
  holdLife,
  life,
  refunded,
  reversed,
} from "../../support/lives";

const KEY = "segments/shard-0/00000001-0123456789abcdef.ndjson.gz";
const DETAILS = '{"payment_method":"pm_1","customer":null,"return_url":null}';

const completed = life("order", "completed");
const REFUNDS = refunded(completed, [
  [100, "succeeded"],
  [200, "failed"],
]);
const LIVES: [string, Event[]][] = [
  ...ENDS.map((end): [string, Event[]] => [end, life(end, end)]),
  ...HOLDS.map((hold): [string, Event[]] => [hold, holdLife(hold, hold)]),
  ["rejected", heldLife("rejected", "reject")],
  ["approved", heldLife("approved", "approve", "completed")],
  ["refunded", REFUNDS],
  ["reversed", reversed(refunded(completed, [[100, "succeeded"]]))],
  ["disputed", disputed(completed, [{ amount_minor: 100, currency: "USD" }])],
];

it.each(LIVES)("A payment that is %s is restored from its line", (_, events) => {
  const payment = archived(events, 7, DETAILS);
  expect(fromLine(toLine(payment), KEY)).toEqual(payment);
});

it("A line has the last state whole, and of each event what differs from it", () => {
  const line = JSON.parse(toLine(archived(completed, 7, DETAILS)));
  expect(line.merchant_id).toBe("mer_shop");
  expect(line.transaction).toEqual(completed.at(-1)?.data);
  const about = { created_at_ms: expect.any(Number) };
  expect(line.events).toEqual([
    {
      ...about,
      position: 7,
      sequence: 1,
      type: "transaction.created",
      traceparent: expect.any(String),
      changes: { status: "pending", amount_captured_minor: 0 },
    },
    {
      ...about,
      position: 9,
      sequence: 2,
      type: "transaction.processing",
      changes: { status: "processing", amount_captured_minor: 0 },
    },
    { ...about, position: 11, sequence: 3, type: "transaction.completed" },
  ]);
  expect(line.details).toEqual(JSON.parse(DETAILS));
  expect(line).not.toHaveProperty("refunds");
});

it("A line of a refunded payment has its refunds in the order of their creation", () => {
  const payment = archived(REFUNDS);
  const line = JSON.parse(toLine(payment));
  expect(line.refunds).toEqual(payment.refunds);
  expect(line.events.at(-1).refund).toEqual(REFUNDS.at(-1)?.refund);
});

it("A line of format 1 is restored", () => {
  const line =
    '{"merchant_id":"mer_shop","transaction":{"id":"txn_mfzwizlhn5xgs3dpnrsw45dfoi","status":"completed","risk":{"decision":"approve","signals":{"a":1}},"version":2,"created_at":"2026-11-22T21:00:00.000Z","updated_at":"2026-11-22T21:00:01.000Z"},"events":[{"position":3,"sequence":1,"type":"transaction.created","created_at_ms":1795381200000,"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","changes":{"status":"pending","risk.":{"signals":{"a":2}},"later":null}},{"position":9,"sequence":2,"type":"transaction.completed","created_at_ms":1795381201000}]}';
  const { events } = fromLine(line, KEY);
  expect(events[0]?.data).toBe(
    '{"id":"txn_mfzwizlhn5xgs3dpnrsw45dfoi","status":"pending","risk":{"decision":"approve","signals":{"a":2}},"version":1,"created_at":"2026-11-22T21:00:00.000Z","updated_at":"2026-11-22T21:00:00.000Z","later":null}',
  );
  expect(events.map(({ first_position }) => first_position)).toEqual([3, 3]);
  expect(events[1]?.data).toBe(
    '{"id":"txn_mfzwizlhn5xgs3dpnrsw45dfoi","status":"completed","risk":{"decision":"approve","signals":{"a":1}},"version":2,"created_at":"2026-11-22T21:00:00.000Z","updated_at":"2026-11-22T21:00:01.000Z"}',
  );
});

const hostileName = fc.oneof(
  fc.constantFrom("__proto__", "toJSON", "constructor", "1", "-", "risk.", "risk", "\u2028", "id"),
  fc.string({ unit: "binary", maxLength: 3 }),
);
const hostileText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("\ud800", "\udfff\ud800", "\n\r\u2028\u2029", '"\\', "\u0000", "\ufeff"),
);
/** Members by JSON text, which makes `__proto__` a member like others. */
const hostile = fc
  .array(fc.tuple(hostileName, fc.oneof(hostileText, fc.jsonValue({ depthSize: "medium" }))), {
    maxLength: 6,
  })
  .map(
    (pairs) =>
      JSON.parse(
        `{${pairs.map((pair) => pair.map((one) => JSON.stringify(one)).join(":")).join()}}`,
      ) as object,
  );
/** The text as it is, or one that its object does not give: spaces, another order of members, members twice. */
const spelling = fc.constantFrom(
  (text: string) => text,
  (text: string) => ` ${text}\n`,
  (text: string) => text.replace("{", '{"a":1,"a":"\u2028",'),
  (text: string) => text.replace("{", '{"z":1e400,"7":-0,'),
);

it("Whatever the texts of a payment are, they are restored to the byte", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(hostile, hostile, spelling), { minLength: 3, maxLength: 3 }),
      fc.option(hostile),
      (parts, details) => {
        const payment = archived(completed, 3, details && JSON.stringify(details));
        payment.events.forEach((event, at) => {
          const [metadata, members, spell] = parts[at] ?? [{}, {}, String];
          const value = { ...JSON.parse(event.data), metadata, ...members };
          event.data = spell(JSON.stringify({ ...value, id: event.transaction_id }));
        });
        const line = toLine(payment);
        expect(line).not.toContain("\n");
        expect(new TextDecoder().decode(new TextEncoder().encode(line))).toBe(line);
        expect(fromLine(line, KEY)).toEqual(payment);
      },
    ),
    { numRuns: 2_000 },
  );
});

it("A large and deeply nested text is restored", () => {
  const payment = archived(completed);
  const [first, , last] = payment.events;
  if (!first || !last) throw new Error("no events");
  const metadata = JSON.parse(
    `${'{"a":'.repeat(500)}${JSON.stringify("x".repeat(60_000))}${"}".repeat(500)}`,
  );
  first.data = JSON.stringify({ ...JSON.parse(first.data), metadata });
  last.data = JSON.stringify({ ...JSON.parse(last.data), metadata: { b: metadata } });
  expect(fromLine(toLine(payment), KEY)).toEqual(payment);
});

const good = () => JSON.parse(toLine(archived(REFUNDS, 5, DETAILS)));
const SECRET = "the-customer";

it.each<[string, (line: ReturnType<typeof good>) => unknown]>([
  ["is no object", () => [SECRET]],
  ["has no merchant", (line) => ({ ...line, merchant_id: undefined })],
  ["has a member of another format", (line) => ({ ...line, later: SECRET })],
  ["has no id", (line) => ({ ...line, transaction: { ...line.transaction, id: SECRET } })],
  ["has a transaction that is a list", (line) => ({ ...line, transaction: [SECRET] })],
  ["has a transaction that is no JSON", (line) => ({ ...line, transaction: SECRET })],
  ["has no events", (line) => ({ ...line, events: [] })],
  ["has a gap between its events", (line) => ({ ...line, events: line.events.slice(1) })],
  ["has events in another order", (line) => ({ ...line, events: line.events.toReversed() })],
  ["has an event of an unknown type", (line) => with_(line, 0, { type: SECRET })],
  ["has an event of no time", (line) => with_(line, 0, { created_at_ms: 1e300 })],
  ["has an event at an earlier position", (line) => with_(line, 1, { position: 5 })],
  ["has an event whose changes are a number", (line) => with_(line, 0, { changes: 1 })],
  ["has an event that removes what it cannot", (line) => with_(line, 0, { changes: { "-": 1 } })],
  ["has a last event that differs from the last state", (line) => with_(line, 6, { changes: {} })],
  [
    "has a refund of another payment",
    (line) => ({
      ...line,
      refunds: [{ id: "re_aaaaaaaaaaaaaaaaaaaaaaaaaa_aaaaaaaaaaaaaaaa", sent_minor: 1 }],
    }),
  ],
  [
    "has a refund of half a cent",
    (line) => ({
      ...line,
      refunds: [{ ...line.refunds[0], sent_minor: 0.5 }],
    }),
  ],
])("A line that %s is refused, and nothing of it is quoted", (_, change) => {
  const line = JSON.stringify(change(good()));
  expect(line).not.toBe(JSON.stringify(good()));
  const fault = faultOf(() => fromLine(line, KEY));
  expect(fault).toMatchObject({ kind: "altered", key: KEY, name: "ArchiveFault" });
  expect(String(fault)).toBe(`ArchiveFault: ${KEY}: a line is not an archived payment`);
});

it("A line that is no JSON is refused", () => {
  expect(faultOf(() => fromLine('{"merchant_id":', KEY)).kind).toBe("altered");
});

it.each<[string, (payment: ArchivedPayment) => ArchivedPayment]>([
  ["without events", (payment) => ({ ...payment, events: [] })],
  ["without its first event", ({ events, ...rest }) => ({ ...rest, events: events.slice(1) })],
  [
    "with an event of another payment",
    ({ events, ...rest }) => ({
      ...rest,
      events: [...events.slice(0, -1), ...archived(life("other", "completed")).events.slice(2)],
    }),
  ],
])("A payment %s is not archived", (_, change) => {
  expect(() => toLine(change(archived(completed)))).toThrow(/event/);
});

function with_(line: ReturnType<typeof good>, at: number, members: object) {
  return { ...line, events: line.events.with(at, { ...line.events[at], ...members }) };
}

function faultOf(work: () => unknown): ArchiveFault {
  try {
    work();
  } catch (fault) {
    if (fault instanceof ArchiveFault) return fault;
  }
  throw new Error("no ArchiveFault");
}
