/** The releases that velocity gets when a payment fails or is cancelled. */
import { expect, it } from "vitest";
import { buildReleases, RELEASING_TYPES } from "../../../../src/domain/risk/release";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { EXAMPLE_NAMES, EXAMPLES, lastEvent, MERCHANT, NOW_MS } from "../../../support/examples";

function recordOf(transaction: Transaction): EventRecord {
  const { type, sequence, transaction_id } = lastEvent(transaction);
  const data = JSON.stringify(transaction);
  return {
    position: 1,
    merchant_id: MERCHANT,
    transaction_id,
    sequence,
    type,
    created_at_ms: NOW_MS,
    data,
    traceparent: null,
    first_position: 1,
    refund: null,
  };
}

it("Payments that end without a charge are released, with the outcome", () => {
  const outcomes = EXAMPLE_NAMES.map((name) => {
    const record = recordOf(EXAMPLES[name]);
    if (!RELEASING_TYPES.includes(record.type)) return [name, undefined];
    return [
      name,
      buildReleases(record)
        .map(({ outcome }) => outcome)
        .join(" "),
    ];
  });
  expect(Object.fromEntries(outcomes)).toEqual({
    pending: undefined,
    processing: undefined,
    completed: undefined,
    declined: "declined",
    blocked: "blocked",
    cancelled: "cancelled",
    held: undefined,
    approved: undefined,
    rejected: "blocked",
    abandoned: "cancelled",
  });
});

it("Payments are released once for every subject under which they were counted", () => {
  const { risk } = EXAMPLES.cancelled;
  const signals = {
    "customer.count.24h": 1,
    "customer.age_s": 5,
    "listed.block.ip": 1,
    "metadata.ip.count.1h": 1,
    "metadata.ip.customers.24h.completed": 1,
    "metadata.a.count.1h.b.declined_percent.7d": 0,
    "metadata.gone.count.1h": 1,
  };
  const metadata = { ip: "198.51.100.7", "a.count.1h.b": "x" };
  const releases = buildReleases(
    recordOf({ ...EXAMPLES.cancelled, metadata, risk: { ...risk, signals } }),
  );
  const { id, user_id } = EXAMPLES.cancelled;
  const own = { transaction_id: id, merchant_id: MERCHANT, outcome: "cancelled" };
  expect(releases).toEqual([
    { ...own, subject: "customer", value: user_id },
    { ...own, subject: "metadata.ip", value: "198.51.100.7" },
    { ...own, subject: "metadata.a.count.1h.b", value: "x" },
  ]);
});

it("Transactions from before there were signals are released for their customer", () => {
  const { signals: _, ...risk } = EXAMPLES.declined.risk;
  const old = { ...EXAMPLES.declined, risk } as unknown as Transaction; // As they were stored then.
  expect(buildReleases(recordOf(old)).map(({ subject }) => subject)).toEqual(["customer"]);
});

it("Payments are released under the value that is counted, and under the one an earlier release counted", () => {
  const { cancelled } = EXAMPLES;
  const record = recordOf({
    ...cancelled,
    metadata: { ip: "[2001:DB8::1]:443" },
    risk: { ...cancelled.risk, signals: { "metadata.ip.count.1h": 1 } },
  });
  const values = buildReleases(record).flatMap(({ subject, value }) =>
    subject === "metadata.ip" ? [value] : [],
  );
  expect(values).toEqual(["2001:db8::1", "[2001:DB8::1]:443"]);
});
