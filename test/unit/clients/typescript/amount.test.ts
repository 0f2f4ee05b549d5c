/** Amounts and quotas as the TypeScript client writes and reads them. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { toDecimalAmount } from "../../../../clients/typescript/src/index";
import { parseRateLimit } from "../../../../clients/typescript/src/rate-limit";
import { CURRENCY_CODES, currencyDecimals } from "../../../../src/domain/money/currency";
import { parseAmount } from "../../../../src/domain/money/money";

it("The API reads the decimal string of every amount in every currency as the same minor units", () => {
  const currency = fc.constantFrom(...CURRENCY_CODES);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_999_999_999 }), currency, (minor, code) => {
      expect(parseAmount(toDecimalAmount(minor, code), currencyDecimals(code))).toMatchObject({
        amount_minor: minor,
      });
    }),
  );
});

it.each([
  [10_050, "USD", "100.50"],
  [5, "USD", "0.05"],
  [0, "EUR", "0.00"],
  [500, "JPY", "500"],
  [1_234, "KWD", "1.234"],
  [5, "BHD", "0.005"],
])("%d minor units of %s are %s", (minor, currency, text) => {
  expect(toDecimalAmount(minor, currency)).toBe(text);
});

it.each([
  [-1, "USD"],
  [1.5, "USD"],
  [Number.NaN, "USD"],
  [2 ** 53, "USD"],
  [1, "usd"],
  [1, "XXX"],
  [1, "toString"],
])("%d minor units of %s are refused", (minor, currency) => {
  expect(() => toDecimalAmount(minor, currency)).toThrow(RangeError);
});

it("Both fields of a quota are read, and other text is ignored", () => {
  const policy = '"requests";q=6000;w=60, "lists";q=600;w=60';
  const limit = '"requests";r=5871;t=23, "lists";r=588;t=23, other';
  expect(parseRateLimit(limit, policy)).toEqual([
    { name: "requests", limit: 6000, windowS: 60, remaining: 5871, resetS: 23 },
    { name: "lists", limit: 600, windowS: 60, remaining: 588, resetS: 23 },
  ]);
  expect(parseRateLimit(null, '"requests";q=1;toString=2;w=x')).toEqual([
    { name: "requests", limit: 1 },
  ]);
  expect(parseRateLimit(null, null)).toEqual([]);
});
