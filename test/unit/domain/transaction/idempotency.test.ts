/** Idempotency keys, and whether two create requests are the same. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  differingFields,
  parseIdempotencyKey,
} from "../../../../src/domain/transaction/idempotency";
import { requestOf } from "../../../support/examples";

describe("an idempotency key", () => {
  const keyIn = (field: string): string | undefined => {
    const parsed = parseIdempotencyKey(field);
    return parsed.ok ? parsed.key : undefined;
  };

  it.each([
    ["order-1001", "order-1001"],
    ["a", "a"],
    ["!", "!"],
    ["~", "~"],
    ["...", "..."],
    ["a".repeat(255), "a".repeat(255)],
    [`"${"a".repeat(255)}"`, "a".repeat(255)],
    ['"order-1001"', "order-1001"],
    ['"a\\"b"', 'a"b'],
    ['"a\\\\b"', "a\\b"],
    ['"\\\\\\""', '\\"'],
    ['"\\"a\\""', '"a"'],
    ["a\\b", "a\\b"],
    ['a"b', 'a"b'],
    ['a"', 'a"'],
    ['"abc";x=1', "abc"],
    ['"abc"; x; y=?0;z="a;b"', "abc"],
    ['"abc";x=:aGk=:;y=@1659578233;z=1.5;t=token', "abc"],
    ['"a;b=1"', "a;b=1"],
    ['"abc";d=%"f%c3%bc";n=-5;m=?1;*k=*t/x:y', "abc"],
    ["abc;x=1", "abc;x=1"],
    ["8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
  ])("%j is read as %j", (header, key) => {
    expect(keyIn(header)).toBe(key);
  });

  it.each([
    "",
    '""',
    " ",
    ".",
    "..",
    '".."',
    "a b",
    '"a b"',
    " a",
    "a ",
    "a\tb",
    "a\nb",
    "a\n",
    "a\0",
    "a\x7f",
    "ä",
    '"ä"',
    "ключ",
    "🔑",
    "ａ",
    "a\u00a0",
    "a".repeat(256),
    `"${"a".repeat(256)}"`,
    `"${"\\\\".repeat(256)}"`,
    '"abc',
    '"abc"x',
    '"abc" ;x=1',
    '"abc";',
    '"abc";X=1',
    '"abc";x=',
    '"abc", "def"',
    '"a\\bc"',
    "4242424242424242",
  ])("%j is not one", (header) => {
    expect(keyIn(header)).toBeUndefined();
  });

  const keys = fc
    .string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 255,
    })
    .filter((key) => key !== "." && key !== "..");

  it("An idempotency key is the same bare and quoted", () => {
    fc.assert(
      fc.property(keys, (key) => {
        const quoted = `"${key.replace(/["\\]/g, "\\$&")}"`;
        expect(keyIn(quoted)).toBe(key);
        expect(keyIn(`${quoted};x=1;y="a;b"`)).toBe(key);
        if (!key.startsWith('"')) expect(keyIn(key)).toBe(key);
      }),
    );
  });

  it("An idempotency key is always 1 to 255 visible ASCII characters", () => {
    const anyText = fc.array(fc.oneof(fc.nat(0xff), fc.nat(0xffff)));
    fc.assert(
      fc.property(anyText, fc.constantFrom("", '"'), (codes, quote) => {
        const key = keyIn(quote + String.fromCharCode(...codes) + quote);
        if (key !== undefined) expect(key).toMatch(/^[!-~]{1,255}$/);
      }),
      { numRuns: 1_000 },
    );
  });

  it("A long hostile idempotency header is answered at once", () => {
    const hostile = [
      `"a"${";a=1".repeat(50_000)};`,
      `"${"\\".repeat(100_000)}`,
      `"${'\\"'.repeat(50_000)}`,
      '"'.repeat(100_000),
    ];
    for (const header of hostile) expect(keyIn(header)).toBeUndefined();
  });
});

describe("two create requests", () => {
  const first = requestOf();

  it.each([
    ["user_id", { user_id: "user_2" }],
    ["amount", { amount_minor: 10_051 }],
    ["currency", { currency: "EUR" }],
    ["description", { description: "Boots" }],
    ["description", { description: null }],
    ["description", { description: "" }],
    ["metadata", { metadata: {} }],
    ["metadata", { metadata: { order: "1001" } }],
    ["metadata", { metadata: { order: "1001", shelf: "c" } }],
    ["metadata", { metadata: { order: "1001", Shelf: "b" } }],
    ["metadata", { metadata: { order: "b", shelf: "1001" } }],
    ["metadata", { metadata: { order: "1001", shelf: "b", more: "" } }],
    ["webhook_url", { webhook_url: "https://shop.example/hook/" }],
    ["webhook_url", { webhook_url: null }],
  ])("Two create requests differ in %s when one has %j", (field, change) => {
    expect(differingFields(first, requestOf(change))).toEqual([field]);
    expect(differingFields(requestOf(change), first)).toEqual([field]);
  });

  it("The difference of two create requests that differ in every field lists all fields, named as the client sent them", () => {
    const other = {
      user_id: "user_2",
      amount_minor: 1,
      currency: "JPY",
      description: null,
      metadata: {},
      webhook_url: null,
    };
    const fields = ["user_id", "amount", "currency", "description", "metadata", "webhook_url"];
    expect(differingFields(first, other)).toEqual(fields);
  });

  it("Two create requests are the same when both omit the optional fields", () => {
    const bare = { description: null, metadata: {}, webhook_url: null };
    expect(differingFields(requestOf(bare), requestOf(bare))).toEqual([]);
  });

  it("A missing description equals an empty one, and null differs from the text null", () => {
    const descriptions = [null, "", "null"];
    for (const one of descriptions) {
      for (const other of descriptions) {
        const fields = differingFields(
          requestOf({ description: one }),
          requestOf({ description: other }),
        );
        expect(fields).toEqual(one === other ? [] : ["description"]);
      }
    }
  });

  it("Two create requests are the same with their metadata in any order, and differ with any other metadata", () => {
    const pairs = fc.uniqueArray(fc.tuple(fc.string(), fc.string()), {
      selector: ([key]) => key,
      maxLength: 8,
    });
    const metadataOf = (entries: [string, string][]) => Object.fromEntries(entries);
    const shuffled = pairs.chain((entries) =>
      fc.tuple(
        fc.constant(entries),
        fc.shuffledSubarray(entries, { minLength: entries.length, maxLength: entries.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([entries, reordered]) => {
        const one = requestOf({ metadata: metadataOf(entries) });
        const other = requestOf({ metadata: metadataOf(reordered) });
        expect(differingFields(one, other)).toEqual([]);
        const [[key = "", value = ""] = [], ...rest] = reordered;
        if (reordered.length === 0) return;
        const changed = requestOf({ metadata: metadataOf([...rest, [key, `${value}!`]]) });
        expect(differingFields(one, changed)).toEqual(["metadata"]);
        expect(differingFields(one, requestOf({ metadata: metadataOf(rest) }))).toEqual([
          "metadata",
        ]);
      }),
    );
  });
});
