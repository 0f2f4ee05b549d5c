/** Block and allow lists. */
import { describe, expect, it } from "vitest";
import { buildLists, listSignals, NO_LISTS } from "../../../../../src/domain/risk/lists/list";
import { toListValue } from "../../../../../src/domain/risk/lists/list-value";
import type { Payment } from "../../../../../src/domain/risk/payment";
import type { ListField } from "../../../../../src/domain/risk/rule-set";
import { PAYMENT } from "../../../../support/rule-examples";

describe("lists", () => {
  const email = { ...PAYMENT, metadata: { email: "Ann@Shop.Example", country: "NL" } };
  const entry = (field: ListField, value: string, expires_at_ms: number | null = null) => ({
    list: "block" as const,
    field,
    value: toListValue(field, value) ?? "",
    expires_at_ms,
  });

  it.each([
    ["customer", "user_1", PAYMENT, true],
    ["customer", "USER_1", PAYMENT, false],
    ["ip", "198.51.100.7", PAYMENT, true],
    ["ip", "198.51.100.8", PAYMENT, false],
    ["country", "nl", PAYMENT, true],
    ["email", "ann@shop.example", email, true],
    ["email_domain", "@SHOP.example", email, true],
    ["email_domain", "example", email, false],
    ["card_fingerprint", "fp", PAYMENT, false],
  ] as [ListField, string, Payment, boolean][])(
    "A payment on lists with %s %s",
    (field, value, payment, isFound) => {
      const signals = listSignals(payment, buildLists([entry(field, value)]), 0);
      expect(signals).toEqual(isFound ? { [`listed.block.${field}`]: 1 } : {});
    },
  );

  it("Lists have no effect when they are empty or the entry has expired", () => {
    expect(listSignals(PAYMENT, NO_LISTS, 0)).toEqual({});
    const lists = buildLists([entry("customer", "user_1", 1_000)]);
    expect(listSignals(PAYMENT, lists, 999)).toEqual({ "listed.block.customer": 1 });
    expect(listSignals(PAYMENT, lists, 1_000)).toEqual({});
  });
});
