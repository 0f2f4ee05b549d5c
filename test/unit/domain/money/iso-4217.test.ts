/** The table of currencies against copies of ISO's list from other ecosystems, and the days on which codes are
 *  taken. */
import { describe, expect, it } from "vitest";
import {
  CURRENCY_CODES,
  currencyDecimals,
  findCurrency,
  newPaymentFault,
  standingFault,
  UnknownCurrency,
} from "../../../../src/domain/money/currency";
import {
  ACTIVE_CODES,
  ISO_4217_PUBLISHED,
  NOT_MONEY,
  VALID_FROM,
  WITHDRAWN,
} from "../../../../src/domain/money/iso-4217";
import copy from "../../../fixtures/iso-4217.json";

const active = Object.values(ACTIVE_CODES).flat();
const atMs = (day: string) => Date.parse(`${day}T00:00:00.000Z`);
const DAY_MS = 86_400_000;

describe("the table of currencies", () => {
  it("The table of currencies has every code of ISO's list, as a currency or as no money", () => {
    expect([...active, ...NOT_MONEY].sort()).toEqual(Object.keys(copy.minor_units).sort());
    expect(copy.about).toContain(ISO_4217_PUBLISHED);
  });

  it("The table of currencies has the minor units of ISO's list", () => {
    const listed = Object.entries(copy.minor_units).filter(([code]) => !NOT_MONEY.includes(code));
    expect(listed.map(([code]) => [code, currencyDecimals(code)])).toEqual(listed);
  });

  it("The table of currencies has no code as money to which ISO gives no minor unit or four decimals", () => {
    const without = Object.entries(copy.minor_units).filter(
      ([, unit]) => unit === null || unit > 3,
    );
    expect(without.filter(([code]) => !NOT_MONEY.includes(code))).toEqual([]);
  });

  it("The table of currencies has every code that was withdrawn since 2015, within a month of its last day as legal tender", () => {
    expect(Object.keys(WITHDRAWN).sort()).toEqual(Object.keys(copy.last_days).sort());
    for (const [code, lastDay] of Object.entries(copy.last_days)) {
      const { withdrawn_on = "" } = findCurrency(code) ?? {};
      const days = Math.abs(atMs(withdrawn_on) - atMs(lastDay)) / DAY_MS;
      expect(days, code).toBeLessThanOrEqual(31);
    }
  });

  it("The table of currencies has no code twice, and no first day of a code that it does not have", () => {
    expect(new Set(CURRENCY_CODES).size).toBe(active.length + Object.keys(WITHDRAWN).length);
    expect(Object.keys(VALID_FROM).filter((code) => !active.includes(code))).toEqual([]);
  });
});

describe("a new payment", () => {
  it.each([
    ["XCG", "2025-03-30", "names XCG, which is not valid before 2025-03-31"],
    ["XCG", "2025-03-31", undefined],
    ["ANG", "2025-06-30", undefined],
    ["ANG", "2025-07-01", "names ANG, which was withdrawn on 2025-07-01"],
    ["BGN", "2025-12-31", undefined],
    ["BGN", "2026-01-01", "names BGN, which was withdrawn on 2026-01-01"],
    ["CUC", "2026-11-29", "names CUC, which was withdrawn on 2021-07-01"],
    ["USD", "2026-11-29", undefined],
    ["XAU", "2026-11-29", "names XAU, which is not a payment currency"],
    ["DEM", "2026-11-29", "must be an ISO 4217 currency code, such as USD"],
    ["usd", "2026-11-29", "must be an ISO 4217 currency code, such as USD"],
  ])("A new payment in %s on %s is judged by that day", (code, day, fault) => {
    expect(newPaymentFault(code, atMs(day))).toBe(fault);
    expect(newPaymentFault(code, atMs(day) + DAY_MS - 1)).toBe(fault);
  });

  it("A new payment may be in a currency whose withdrawal is announced until that day", () => {
    const announced = { decimals: 2, withdrawn_on: "2030-01-01" } as const;
    expect(standingFault("AAA", announced, "2029-12-31")).toBeUndefined();
    expect(standingFault("AAA", announced, "2030-01-01")).toMatch("withdrawn on 2030-01-01");
  });

  it("A new payment may be in any currency of the list on the day of its publication", () => {
    const faults = active.map((code) => newPaymentFault(code, atMs(ISO_4217_PUBLISHED)));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });
});

describe("a withdrawn currency", () => {
  it.each(Object.keys(WITHDRAWN))("The withdrawn currency %s keeps its decimals", (code) => {
    expect(currencyDecimals(code)).toBe(code === "BYR" ? 0 : 2);
  });
});

it("The decimals of an unknown currency are a fault, never 0", () => {
  for (const code of ["QQQ", "XAU", "", "usd", "__proto__"]) {
    expect(() => currencyDecimals(code)).toThrow(UnknownCurrency);
  }
});
