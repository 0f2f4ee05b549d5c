/** The one spelling of a listed value. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PaymentEvaluation } from "../../../../../src/domain/risk/conditions/payment-evaluation";
import { buildLists, type ListEntry, listSignals } from "../../../../../src/domain/risk/lists/list";
import { toListValue } from "../../../../../src/domain/risk/lists/list-value";
import { type Payment, readSubject } from "../../../../../src/domain/risk/payment";
import {
  type Condition,
  LIST_FIELDS,
  type ListField,
} from "../../../../../src/domain/risk/rule-set";

const holds = (condition: Condition, payment: Payment, signals: Record<string, number>) =>
  new PaymentEvaluation(payment, signals).holds(condition);

const any = fc.oneof(
  fc.string(),
  fc.ipV4(),
  fc.ipV6(),
  fc.emailAddress(),
  fc.domain(),
  fc.string({ unit: "grapheme" }).map((label) => `${label}.example`),
  fc.string({ unit: "grapheme" }).map((label) => `ann@${label}.example`),
  fc.constantFrom("nl", " NL ", "@Shop.Example", "A@B@shop.example", "::FFFF:1.2.3.4"),
);

it("The normal spelling of a value has itself as its normal spelling", () => {
  fc.assert(
    fc.property(fc.constantFrom(...LIST_FIELDS), any, (field, text) => {
      const value = toListValue(field, text);
      if (value !== undefined) expect(toListValue(field, value)).toBe(value);
    }),
  );
});

const found = (field: ListField, listed: string, metadata: Record<string, string>) => {
  const value = toListValue(field, listed) ?? "";
  const lists = buildLists([{ list: "block", field, value, expires_at_ms: null }]);
  const payment = { amount_minor: 1, currency: "USD", user_id: "user_1", metadata };
  return `listed.block.${field}` in listSignals(payment, lists, 0);
};

describe("another spelling of a listed domain or address", () => {
  const BUECHER = "xn--bcher-kva.example";
  it.each([
    ...["bücher.example", "BÜCHER.example", "bu\u0308cher.example", "BU\u0308CHER.EXAMPLE"],
    ...["XN--BCHER-KVA.example", "ｂüｃｈｅｒ.example", "bücher。example", "bücher．example"],
    ...["bücher｡example", "bücher.example.", "bücher.example。", "bü\u00adcher.example"],
    ...["bü\u200bcher.example", " bücher.example ", "@bücher.example"],
  ])("%s is found when the domain is listed in any of the others", (domain) => {
    for (const listed of [BUECHER, "bücher.example", "bu\u0308cher.example"]) {
      expect(found("email_domain", listed, { email_domain: domain })).toBe(true);
      expect(found("email_domain", domain, { email_domain: listed })).toBe(true);
      if (domain.startsWith("@") || domain.startsWith(" ")) continue;
      expect(found("email_domain", listed, { email: `Ann@${domain}` })).toBe(true);
      expect(found("email_domain", listed, { email: `Ann＠${domain}` })).toBe(true);
      expect(found("email", `ann@${listed}`, { email: `ａNN@${domain}` })).toBe(true);
    }
  });

  it.each([
    ["faß.example", "fass.example"],
    ["bücher.example", "bucher.example"],
    ["раура1.example", "paypa1.example"],
    ["shop.example", "shop.example.com"],
  ])("%s is another domain than %s", (one, other) => {
    expect(found("email_domain", one, { email_domain: other })).toBe(false);
    expect(found("email_domain", other, { email: `ann@${one}` })).toBe(false);
  });

  it("A domain that no host can have is compared as folded text", () => {
    expect(found("email_domain", "[203.0.113.7]", { email: "ann@[203.0.113.7]" })).toBe(true);
    expect(
      found("email_domain", "xn--zzzzzzzzzzz.example", { email: "a@XN--ZZZZZZZZZZZ.example" }),
    ).toBe(true);
    expect(found("email_domain", "a.0x1", { email: "ann@A.0X1" })).toBe(true);
  });

  it.each([
    ...["203.0.113.7:443", "[::ffff:203.0.113.7]", "[::ffff:203.0.113.7]:8080", "::ffff:cb00:7107"],
    ...["203.000.113.007", "203.0.113.7/32", "::ffff:203.0.113.7/128", "２０３.０.１１３.７"],
    ...["203。0。113。7", "0:0:0:0:0:FFFF:203.0.113.7", " 203.0.113.7 ", "::ffff:203.0.113.7%eth0"],
  ])("%s is found when 203.0.113.7 is listed, and the other way round", (ip) => {
    expect(found("ip", "203.0.113.7", { ip })).toBe(true);
    expect(found("ip", ip, { ip: "203.0.113.7" })).toBe(true);
  });

  it.each([
    ...[
      "2001:DB8::1",
      "[2001:db8::1]",
      "[2001:db8::1]:443",
      "2001:0db8:0000::0001",
      "2001:db8::1%eth0",
    ],
    ...["2001:db8::1%25eth0", "[2001:db8::1%eth0]:443", "2001:db8::1/128", "2001:db8::0.0.0.1"],
  ])("%s is found when 2001:db8::1 is listed, and the other way round", (ip) => {
    expect(found("ip", "2001:db8::1", { ip })).toBe(true);
    expect(found("ip", ip, { ip: "2001:db8::1" })).toBe(true);
  });

  it.each([
    ...[
      "203.0.113.7/24",
      "203.0.113.7:x",
      "203.0.113.7:123456",
      "203.0.113.256",
      "203.0.113",
      "0x7f.1",
    ],
    ...[
      "2001:db8::1/64",
      "[2001:db8::1",
      "2001:db8::1]",
      "2001:db8::1:",
      "203.0.113.7, 10.0.0.1",
      "%eth0",
    ],
  ])("%s is no address", (ip) => {
    expect(toListValue("ip", ip)).toBeUndefined();
  });

  it("An entry that an earlier release stored in its own form is found, and ends when the last one does", () => {
    const entry = (value: string, expires_at_ms: number | null) =>
      ({ list: "block", field: "email_domain", value, expires_at_ms }) as const;
    const payment = {
      amount_minor: 1,
      currency: "USD",
      user_id: "u",
      metadata: { email: "a@bücher.example" },
    };
    const old = entry("bücher.example", 100);
    const signals = (entries: ListEntry[], nowMs: number) =>
      listSignals(payment, buildLists(entries), nowMs);
    expect(signals([old], 0)).toEqual({ "listed.block.email_domain": 1 });
    expect(signals([entry(BUECHER, null), old], 200)).toEqual({ "listed.block.email_domain": 1 });
    expect(signals([old], 200)).toEqual({});
  });
});

describe("rules and counts", () => {
  const payment = (metadata: Record<string, string>) => ({
    amount_minor: 1,
    currency: "USD",
    user_id: "u",
    metadata,
  });
  it.each([
    ["ip", "2001:db8::1", "[2001:DB8:0::1]:443"],
    ["email", "ann@xn--bcher-kva.example", "Ann@BÜCHER.example"],
    ["email_domain", "bücher.example", "xn--bcher-kva.example."],
    ["country", "nl", "NL"],
  ])("A rule finds metadata.%s of %s when it names the spelling %s", (field, one, other) => {
    expect(holds({ metadata: field, in: [one] }, payment({ [field]: other }), {})).toBe(true);
    expect(holds({ metadata: field, in: [other] }, payment({ [field]: one }), {})).toBe(true);
    const subject = `metadata.${field}` as const;
    expect(readSubject(payment({ [field]: other }), subject)).toBe(
      readSubject(payment({ [field]: one }), subject),
    );
  });

  it.each([
    ["order_id", "A", "a"],
    ["card_fingerprint", "Fp", "fp"],
    ["ip", "somewhere", "Somewhere"],
    ["customer", "A", "a"],
  ])(
    "A rule does not find metadata.%s of %s when it names the spelling %s",
    (field, one, other) => {
      expect(holds({ metadata: field, in: [one] }, payment({ [field]: other }), {})).toBe(false);
      const subject = `metadata.${field}` as const;
      expect(readSubject(payment({ [field]: other }), subject)).toBe(other);
    },
  );
});

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
