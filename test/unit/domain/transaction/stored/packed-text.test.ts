/** Packed texts are restored to the byte, for ever. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Members,
  packState,
  packText,
  unpack,
  unpackState,
} from "../../../../../src/domain/transaction/stored/packed-text";

const FACTS = { id: "txn_mfzwizlhn5xgs3dpnrsw45dfoi", created_at: "2026-11-30T07:00:00.000Z" };
const NEW: Members = {
  id: FACTS.id,
  idempotency_key: "order-1001",
  user_id: "user_123",
  amount: 100.5,
  amount_minor: 10_050,
  currency: "USD",
  status: "pending",
  livemode: false,
  processor: "sandbox",
  fraud_score: 0,
  risk: {
    decision: "approve",
    reasons: [],
    shadow: [],
    rule_set_version: 0,
    signals: { "customer.count.24h": 1 },
  },
  failure: null,
  review: null,
  description: null,
  metadata: {},
  webhook_url: null,
  version: 1,
  created_at: FACTS.created_at,
  updated_at: FACTS.created_at,
  capture_method: "automatic",
  amount_captured_minor: 0,
  amount_refunded_minor: 0,
};

const restoredFirst = (value: Members) => {
  const text = JSON.stringify(value);
  const packed = packState(text, value, FACTS);
  return packed === undefined ? undefined : JSON.stringify(unpackState(packed, FACTS)) === text;
};
const restored = (value: Members, base: Members) => {
  const text = JSON.stringify(value);
  const packed = packText(text, value, base);
  return packed === undefined ? undefined : JSON.stringify(unpack(packed, base)) === text;
};

describe("a first event", () => {
  it("The packed text of a common payment has what makes it different from others, and nothing else", () => {
    expect(packState(JSON.stringify(NEW), NEW, FACTS)).toBe(
      '{"idempotency_key":"order-1001","user_id":"user_123","amount_minor":10050,"risk.":{"signals":{"customer.count.24h":1}}}',
    );
  });

  it("A text that was packed by this release's first version is restored", () => {
    const packed =
      '{"idempotency_key":"k","user_id":"u","amount_minor":1500,"currency":"KWD","livemode":true,"risk.":{"decision":"review","signals":{}},"capture_method":"manual","-":["processor"]}';
    expect(JSON.stringify(unpackState(packed, FACTS))).toBe(
      '{"id":"txn_mfzwizlhn5xgs3dpnrsw45dfoi","idempotency_key":"k","user_id":"u","amount":1.5,"amount_minor":1500,"currency":"KWD","status":"pending","livemode":true,"fraud_score":0,"risk":{"decision":"review","reasons":[],"shadow":[],"rule_set_version":0,"signals":{}},"failure":null,"review":null,"description":null,"metadata":{},"webhook_url":null,"version":1,"created_at":"2026-11-30T07:00:00.000Z","updated_at":"2026-11-30T07:00:00.000Z","capture_method":"manual","amount_captured_minor":0,"amount_refunded_minor":0}',
    );
  });

  it.each([
    ["an amount that its minor units do not give", { ...NEW, amount: 100.49 }],
    ["a currency that is not known", { ...NEW, currency: "ZZZ", amount: 7 }],
    ["no processor, as earlier releases had it", { ...NEW, processor: undefined }],
    ["other times", { ...NEW, created_at: "2026-11-30T07:00:00.001Z" }],
    ["a member that payments do not have today", { ...NEW, later: { a: [1] } }],
    ["no risk at all", { ...NEW, risk: null }],
  ])("It is restored with %s", (_, value) => {
    expect(restoredFirst(value)).toBe(true);
  });

  it("A text whose members are in another order is not packed", () => {
    const { currency, ...rest } = NEW;
    expect(restoredFirst({ currency, ...rest })).toBeUndefined();
  });
});

describe("a later event", () => {
  it("Only what changed is packed, members that are gone included", () => {
    const claimed = { ...NEW, status: "processing", pending_operation: { type: "capture" } };
    const text = JSON.stringify(NEW);
    expect(packText(text, NEW, claimed)).toBe('{"status":"pending","-":["pending_operation"]}');
    expect(restored(NEW, claimed)).toBe(true);
  });

  it("A text with a member named __proto__ is not packed", () => {
    const value: Members = JSON.parse('{"__proto__":{"-":null}}');
    expect(restored(value, {})).toBeUndefined();
    expect(restored({}, value)).toBeUndefined();
    expect(restored({ risk: value }, { risk: {} })).toBe(true);
  });

  it("Whatever the members are, a packed text is restored to the byte", () => {
    const name = fc.constantFrom("id", "risk", "metadata", "-", "risk.", "__proto__", "a", "1");
    const members = fc.dictionary(
      name,
      fc.jsonValue({ depthSize: "small" }),
    ) as fc.Arbitrary<Members>;
    fc.assert(
      fc.property(members, members, (value, base) => {
        expect(restored(value, base)).not.toBe(false);
        expect(restoredFirst({ ...NEW, ...value })).not.toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });
});
