/** The one spelling of a listed value. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listSignals, listsOf } from "../../../src/domain/risk/list";
import { listValueOf } from "../../../src/domain/risk/list-value";
import { LIST_FIELDS, type ListField } from "../../../src/domain/risk/rule-set";

const any = fc.oneof(
  fc.string(),
  fc.ipV4(),
  fc.ipV6(),
  fc.emailAddress(),
  fc.domain(),
  fc.constantFrom("nl", " NL ", "@Shop.Example", "A@B@shop.example", "::FFFF:1.2.3.4"),
);

it("spells what it has spelt the same again", () => {
  fc.assert(
    fc.property(fc.constantFrom(...LIST_FIELDS), any, (field, text) => {
      const value = listValueOf(field, text);
      if (value !== undefined) expect(listValueOf(field, value)).toBe(value);
    }),
  );
});

const found = (field: ListField, listed: string, metadata: Record<string, string>) => {
  const value = listValueOf(field, listed) ?? "";
  const lists = listsOf([{ list: "block", field, value, expires_at_ms: null }]);
  const payment = { amount_minor: 1, currency: "USD", user_id: "user_1", metadata };
  return `listed.block.${field}` in listSignals(payment, lists, 0);
};

describe("a payment's own spelling", () => {
  it.each([
    ["ip", "2001:db8::1", { ip: "2001:0DB8:0:0:0:0:0:1" }, true],
    ["ip", "203.0.113.7", { ip: "::ffff:203.0.113.7" }, true],
    ["ip", "203.0.113.7", { ip: "203.0.113.70" }, false],
    ["ip", "203.0.113.7", { ip: "203.0.113.7, 10.0.0.1" }, false],
    ["email", "ann@shop.example", { email: " Ann@SHOP.example" }, true],
    ["email_domain", "shop.example", { email: "Ann@SHOP.example " }, true],
    ["email_domain", "shop.example", { email: "ann@mail.shop.example" }, false],
    ["email_domain", "shop.example", { email: '"a@b"@shop.example' }, true],
    ["email_domain", "shop.example", { email: "ann@shop.example." }, true],
    ["email_domain", "shop.example", { email_domain: "shop.example." }, true],
    ["email", "ann@shop.example", { email: "ann@shop.example." }, true],
    ["country", "NL", { country: "nl" }, true],
    ["country", "SS", { country: "ß" }, false],
    ["country", "NL", { country: "NLD" }, false],
    ["card_fingerprint", "Fp", { card_fingerprint: "fp" }, false],
  ] as [ListField, string, Record<string, string>, boolean][])(
    "%s %s against %j",
    (field, listed, metadata, isFound) => {
      expect(found(field, listed, metadata)).toBe(isFound);
    },
  );
});
