import { describe, expect, it } from "vitest";
import { CURRENCY_CODES, findCurrency } from "../../../../src/domain/money/currency";
import {
  fromStripeAmount,
  refusedAmount,
  toStripeAmount,
} from "../../../../src/processor/stripe/amounts";

/** Stripe's currency page, read on 2026-11-29: decimals that differ from ISO 4217, and currencies that are not listed. */
const ZERO_DECIMAL = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(" ");
const TWO_DECIMALS_WITH_WHOLE_UNITS = ["ISK", "UGX"];
const THREE_DECIMALS = "BHD JOD KWD OMR TND".split(" ");
const NOT_LISTED = `BTN CUP ERN GHS IQD IRR KPW LYD MRU SDG SSP STN SVC SYP TMT VED VES ZWG
  LTL BYR STD MRO VEF CUC HRK SLL ZWL ANG BGN`.split(/\s+/);

/** One unit of money, such as one dollar, in Stripe's minor units. */
function unitAtStripe(code: string): number {
  if (ZERO_DECIMAL.includes(code)) return 1;
  return THREE_DECIMALS.includes(code) ? 1_000 : 100;
}

describe("One unit of every currency of ISO 4217", () => {
  it.each(CURRENCY_CODES)("%s is converted exactly and back, or refused", (code) => {
    const unit = 10 ** (findCurrency(code)?.decimals ?? Number.NaN);
    if (NOT_LISTED.includes(code)) {
      expect(toStripeAmount(unit, code)).toBeUndefined();
      expect(refusedAmount(unit, code)).toEqual({ code: "currency_not_supported", currency: code });
      expect(fromStripeAmount(100, code)).toBeUndefined();
      return;
    }
    expect(toStripeAmount(unit, code)).toBe(unitAtStripe(code));
    expect(fromStripeAmount(unitAtStripe(code), code.toLowerCase())).toBe(unit);
    expect(refusedAmount(unit, code)).toBeUndefined();
  });

  it.each(CURRENCY_CODES)("%s: whatever is taken comes back as it was", (code) => {
    for (const minor of [1, 7, 10, 99, 100, 101, 12_340, 99_999, 1_000_000, 99_999_999]) {
      const amount = toStripeAmount(minor, code);
      if (amount === undefined) {
        expect(refusedAmount(minor, code)).toBeDefined();
        continue;
      }
      expect(Number.isSafeInteger(amount)).toBe(true);
      expect(fromStripeAmount(amount, code)).toBe(minor);
      expect(refusedAmount(minor, code)).toBeUndefined();
      if (TWO_DECIMALS_WITH_WHOLE_UNITS.includes(code)) expect(amount % 100).toBe(0);
      if (THREE_DECIMALS.includes(code)) expect(amount % 10).toBe(0);
    }
  });
});

describe("An amount that Stripe cannot take exactly", () => {
  it.each([
    ["KWD", 5_124, 5_120, 5_130],
    ["KWD", 5, null, 10],
    ["MGA", 150, 100, 200],
    ["MGA", 99, null, 100],
    ["USD", 100_000_000, 99_999_999, null],
    ["JPY", 100_000_000, 99_999_999, null],
    ["ISK", 1_000_000, 999_999, null],
    ["KWD", 99_999_999, 99_999_990, null],
    ["IDR", 1_000_000_000_000, 999_999_999_999, null],
    ["MGA", 10_000_000_050, 9_999_999_900, null],
  ])(
    "%s %d is refused with the nearest amounts below and above",
    (currency, minor, below, above) => {
      expect(toStripeAmount(minor, currency)).toBeUndefined();
      expect(refusedAmount(minor, currency)).toEqual({
        code: "amount_not_supported",
        amount_minor: minor,
        currency,
        lower_minor: below,
        upper_minor: above,
      });
      for (const near of [below, above]) {
        if (near !== null) expect(refusedAmount(near, currency)).toBeUndefined();
      }
    },
  );

  it.each([
    ["ISK", 150],
    ["UGX", 1],
    ["USD", 1.5],
    ["USD", -1],
    ["USD", 2 ** 53],
    ["XXX", 100],
  ])("%s %d of Stripe has no exact amount here", (currency, amount) => {
    expect(fromStripeAmount(amount, currency)).toBeUndefined();
  });
});
