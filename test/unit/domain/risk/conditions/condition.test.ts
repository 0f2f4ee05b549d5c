/** Conditions: what they compare and how they explain themselves. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Condition, Signals } from "../../../../../src/domain/risk/rule-set";
import { payment } from "../../../../support/arbitrary-rules";
import { always, assess, holds, never, PAYMENT } from "../../../../support/rule-examples";

describe("a condition", () => {
  const count: Condition = {
    velocity: { of: "metadata.ip", measure: "customers", window: "1h", completed_only: true },
    above: 3,
  };
  const signals = { "metadata.ip.customers.1h.completed": 4, "customer.age_s": 30 };
  const detailOf = (when: Condition, given: Signals = signals) =>
    assess([{ id: "one", points: 1, when }], given).risk.reasons[0]?.detail;

  it.each([
    ["all of nothing", { all: [] }, "there are no conditions"],
    ["an amount", { amount: { above: "119.999" } }, "120 USD is above 119.999"],
    ["a round amount", { amount: { multiple_of: "40" } }, "120 USD is a multiple of 40"],
    [
      "no round amount",
      { not: { amount: { multiple_of: "50" } } },
      "120 USD is not a multiple of 50",
    ],
    [
      "another currency's amount",
      { not: { amount: { above: "1" }, currency: "EUR" } },
      "USD is not EUR",
    ],
    [
      "an amount in its currency",
      { amount: { above: { EUR: "1", USD: "119.99" } } },
      "120 USD is above 119.99 USD",
    ],
    [
      "no amount for its currency",
      { not: { amount: { above: { EUR: "1" } } } },
      "there is no amount for USD",
    ],
    ["a currency", { currency: ["EUR", "USD"] }, "USD is one of EUR, USD"],
    [
      "velocity",
      count,
      "4 customers with this metadata.ip in 1 hour, without what came to nothing, more than 3",
    ],
    [
      "a new customer",
      { customer_age: { below_s: 31 } },
      "the customer's first payment was 30 s ago, less than 31",
    ],
    ["metadata", { metadata: "country", in: ["NL"] }, "metadata.country is one of those named"],
    ["a missing field", { metadata: "note", is_present: false }, "there is no metadata.note"],
    [
      "only the parts that made the difference",
      { all: [always, { any: [never, { metadata: "ip", is_present: true }] }] },
      "120 USD is above 0 and there is a metadata.ip",
    ],
    [
      "lists",
      { not: { listed: "allow", field: "email_domain" } },
      "the email domain is not on the allow list",
    ],
  ] as [string, Condition, string][])("A condition explains %s", (_, when, detail) => {
    expect(detailOf(when)).toBe(detail);
  });

  it("A velocity condition on a field that the payment lacks is false", () => {
    for (const of of ["metadata.card_fingerprint", "metadata.note", "metadata.toString"] as const) {
      const when: Condition = { velocity: { of, measure: "count", window: "1h" }, above: 0 };
      expect(holds(when, PAYMENT, {})).toBe(false);
    }
  });

  it("A condition compares sums in major units of the payment's currency", () => {
    const above = (limit: string | number, currency: string, sum: number) =>
      holds(
        { velocity: { of: "customer", measure: "sum", window: "24h" }, above: limit },
        { ...PAYMENT, currency },
        { "customer.sum.24h": sum },
      );
    expect(above("100.5", "USD", 10_050)).toBe(false);
    expect(above("100.5", "USD", 10_051)).toBe(true);
    expect(above(100, "JPY", 101)).toBe(true);
    expect(above("100.9", "JPY", 100)).toBe(false);
    expect(above("9999999999999999999", "JPY", Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  it("A condition recognizes multiples exactly, with any number of decimals", () => {
    const decimals: Record<string, number> = { JPY: 0, USD: 2, KWD: 3 };
    const units = fc.tuple(fc.integer({ min: 1, max: 99_999 }), fc.integer({ min: 0, max: 4 }));
    fc.assert(
      fc.property(payment, units, (one, [digits, places]) => {
        const text = String(digits).padStart(places + 1, "0");
        const unit = places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
        const exact =
          (BigInt(one.amount_minor) * 10n ** BigInt(4 - (decimals[one.currency] ?? 0))) %
            (BigInt(digits) * 10n ** BigInt(4 - places)) ===
          0n;
        expect(holds({ amount: { multiple_of: unit } }, one, {})).toBe(exact);
      }),
      { numRuns: 1_000 },
    );
  });

  it("A condition's explanation is never longer than what is stored", () => {
    const long = Array.from({ length: 50 }, () => always);
    expect(detailOf({ all: long })?.length).toBe(300);
  });

  it("An explanation is cut between characters, never through one", () => {
    const absent = (metadata: string): Condition => ({ metadata, is_present: false });
    const names = Array.from({ length: 20 }, () => absent("😀".repeat(20)));
    for (const first of ["a".repeat(20), "a".repeat(21)]) {
      const detail = detailOf({ all: [absent(first), ...names] }) ?? "";
      expect(detail.endsWith("😀…")).toBe(true);
    }
  });
});
