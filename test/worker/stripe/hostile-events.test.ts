/** Signed events of hostile content: each is refused or ignored, none is a fault, and none changes a transaction that it
 *  does not fit. Also: what is counted of all events. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { type Client, call, newClient } from "../../support/api";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";
import { parseExposition, sumsOf } from "../../support/exposition";
import { deliver, deliverEvent, STRIPE_SECRET, stripeSignature } from "../../support/stripe-events";
import { eventAbout, OWN, pay, refund, report, steer } from "../../support/stripe-shop";

let shop: Client;
let payment: Transaction;
let events: object[];
beforeAll(async () => {
  await steer("settings", { later_ms: null });
  shop = await newClient();
  payment = await pay(shop);
  const reference = payment.processor_reference ?? "";
  const returned = await refund(shop, payment.id, "1.00");
  const dispute = await steer("disputes", { payment_intent: reference });
  events = [
    await eventAbout("payment_intent.succeeded", reference),
    await eventAbout("refund.created", returned.processor_reference ?? ""),
    await eventAbout("charge.dispute.created", String(dispute.id)),
  ];
  for (const event of events) expect(["recorded", "unchanged"]).toContain(await report(event));
  payment = await shop.find(payment.id);
});

/** Every path to a member, also of objects inside. */
function pathsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([name, member]) => pathsOf(member, [...path, name]));
  return path.length === 0 ? inner : [path, ...inner];
}

/** A copy with another member. A `value` of undefined removes it. */
function withMember(of: unknown, [name = "", ...rest]: string[], value: unknown): object {
  const copy = { ...(of as Record<string, unknown>) };
  if (rest.length > 0) copy[name] = withMember(copy[name], rest, value);
  else if (value === undefined) delete copy[name];
  else copy[name] = value;
  return copy;
}

const HOSTILE: unknown[] = [
  undefined,
  null,
  true,
  -1,
  0.5,
  1e308,
  Number.MAX_SAFE_INTEGER + 1,
  "",
  "x".repeat(10_000),
  "\u0000\u202E\uD800",
  "4242424242424242",
  "__proto__",
  "pi_../../v1/refunds",
  `txn_${"a".repeat(26)}`,
  [],
  {},
  [{}],
  { id: "pi_1" },
  { toString: "x", valueOf: null },
];

describe("the counts", () => {
  it("GET /metrics has the number of events by result", async () => {
    const read = async () => {
      const response = await call("/metrics", {
        headers: { Authorization: `Bearer ${env.METRICS_TOKEN}` },
      });
      return sumsOf(
        parseExposition(await response.text()),
        "payments_processor_events_total",
        "result",
      );
    };
    // The events of the preparation.
    const before = await eventually(async () => {
      const counts = await read();
      const sum = Object.values(counts).reduce((all, count) => all + count, 0);
      expect(sum).toBe(events.length);
      return counts;
    });
    const [event = {}] = events;
    for (let count = 0; count < 3; count++) expect(await report(event)).toBe("unchanged");
    expect(await report({ ...event, livemode: true })).toBe("not_ours");
    expect(await report({ ...event, type: "invoice.paid" })).toBe("ignored");
    const forged = stripeSignature("{}", `${STRIPE_SECRET}x`);
    expect((await deliver("{}", { env: OWN, signature: forged })).status).toBe(400);
    expect((await deliver("{}", { env: OWN })).status).toBe(400);
    const wanted = { unchanged: 3, not_ours: 1, ignored: 1, signature_invalid: 1, malformed: 1 };
    await eventually(async () => {
      const after = await read();
      const grown = Object.keys(wanted).map((result) => [
        result,
        (after[result] ?? 0) - (before[result] ?? 0),
      ]);
      expect(Object.fromEntries(grown)).toMatchObject(wanted);
    });
  });
});

describe("a hostile event", () => {
  it("Every member replaced by every hostile value is refused or leaves all other states alone", async () => {
    const replaced = events.flatMap((event) =>
      pathsOf(event).flatMap((path) => HOSTILE.map((value) => withMember(event, path, value))),
    );
    expect(replaced.length).toBeGreaterThan(1_500);
    // A third of them, to keep this quick: the same ones on every run.
    const some = replaced.filter((_, at) => at % 3 === 0);
    const statuses = new Map<number, number>();
    for (const event of some) {
      const { status } = await deliverEvent(event, { env: OWN });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      expect([200, 400], JSON.stringify(event).slice(0, 2_000)).toContain(status);
    }
    expect(statuses.get(200)).toBeGreaterThan(100);
    expect(statuses.get(400)).toBeGreaterThan(50);
    // The money is as it was: only a report that fits is recorded.
    const { status, amount_captured_minor, amount_refunded_minor } = await shop.find(payment.id);
    expect({ status, amount_captured_minor }).toEqual({
      status: payment.status,
      amount_captured_minor: payment.amount_captured_minor,
    });
    expect(amount_refunded_minor).toBeLessThanOrEqual(1250);
  });

  it("Any signed JSON is a 200 or a 400", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...events),
        fc.json({ maxDepth: 6 }),
        fc.boolean(),
        async (event, json, isObject) => {
          const text = isObject
            ? JSON.stringify({ ...event, data: { object: "HERE" } }).replace('"HERE"', json)
            : json;
          const response = await deliver(text, { env: OWN });
          expect([200, 400], text).toContain(response.status);
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  });
});
