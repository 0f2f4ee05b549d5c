/** Money: text becomes whole minor units exactly or not at all, and goes out as it came in. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CURRENCY_CODES, findCurrency } from "../../../../src/domain/money/currency";
import {
  type AmountFault,
  formatAmount,
  MAX_AMOUNT_MINOR,
  type ParsedAmount,
  parseAmount,
} from "../../../../src/domain/money/money";

const [JPY, USD, KWD] = [0, 2, 3];
const decimalsOfMoney = fc.constantFrom(JPY, USD, KWD);
/** Any amount, with the small and the largest ones often among them. */
const amounts = fc.oneof(
  fc.integer({ min: 1, max: MAX_AMOUNT_MINOR }),
  fc.integer({ min: 1, max: 10_000 }),
  fc.integer({ min: MAX_AMOUNT_MINOR - 1_000, max: MAX_AMOUNT_MINOR }),
);

/** The rule in exact arithmetic: mantissa times a power of ten, without a double anywhere. */
function parseExactly(text: string, decimals: number): ParsedAmount {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!parts) throw new Error(`not a decimal: ${text}`);
  const [, sign, whole = "", fraction = "", exponent = "0"] = parts;
  const mantissa = BigInt(whole + fraction);
  if (sign === "-" || mantissa === 0n) return { ok: false, fault: "not_positive" };
  const power = Number(exponent) - fraction.length + decimals;
  const divisor = 10n ** BigInt(Math.max(0, -power));
  if (mantissa % divisor !== 0n) return { ok: false, fault: "too_many_decimals" };
  const minor = (mantissa * 10n ** BigInt(Math.max(0, power))) / divisor;
  if (minor > BigInt(MAX_AMOUNT_MINOR)) return { ok: false, fault: "too_large" };
  return { ok: true, amount_minor: Number(minor) };
}

describe("reading an amount", () => {
  const amountsRead: [string, number, number][] = [
    ["1", USD, 100],
    ["100.5", USD, 10_050],
    ["100.50", USD, 10_050],
    ["100.500000", USD, 10_050],
    ["0.1", USD, 10],
    ["0.01", USD, 1],
    ["0.001", KWD, 1],
    ["1.234", KWD, 1_234],
    ["100", JPY, 100],
    ["100.0", JPY, 100],
    ["1e2", USD, 10_000],
    ["1E+2", USD, 10_000],
    ["1e-2", USD, 1],
    ["1005e-1", USD, 10_050],
    ["1000e-1", JPY, 100],
    ["0.00000001e8", JPY, 1],
    ["1e0002", JPY, 100],
    ["10000000000000000000e-17", USD, 10_000],
    [`1.${"0".repeat(62)}`, USD, 100],
    [`1${"0".repeat(58)}e-58`, USD, 100],
    ["9999999999999.99", USD, MAX_AMOUNT_MINOR],
    ["999999999999999", JPY, MAX_AMOUNT_MINOR],
    ["999999999999.999", KWD, MAX_AMOUNT_MINOR],
    ["999999999999999e-2", USD, MAX_AMOUNT_MINOR],
  ];
  it.each(amountsRead)(
    "The amount %s with %i decimals is read as %i",
    (text, decimals, amount_minor) => {
      expect(parseAmount(text, decimals)).toEqual({ ok: true, amount_minor });
    },
  );

  const refused: [AmountFault, number, string[]][] = [
    ["not_positive", USD, ["0", "-0", "0.00", "0e99999", "0e-99999", "-1", "-0.001", "-1e309"]],
    ["too_many_decimals", USD, ["100.505", "0.001", "1e-3", "100505e-3", "1e-9999999999"]],
    ["too_many_decimals", USD, ["0.12345678901234567890", "1.0000000000000000001"]],
    ["too_many_decimals", JPY, ["100.5", "0.1", "1005e-1", "1e-1"]],
    ["too_many_decimals", KWD, ["1.2345", "0.0001"]],
    ["too_large", USD, ["1e309", `1e${"9".repeat(62)}`, "1e14", "12345678901234567890"]],
    ["too_large", USD, ["10000000000000", "10000000000000.00", "99999999999999.99"]],
    ["too_large", JPY, ["1000000000000000", "1e15", "9007199254740993"]],
    ["too_large", KWD, ["1000000000000", "1000000000000.001"]],
    ["malformed", USD, ["", " ", " 1", "1 ", "\t1", "1\n", "+1", "--1", "1.", ".5", ".", "-"]],
    ["malformed", USD, ["01", "007", "00", "00.5", "-01", "1.2.3", "1,5", "1_000", "1 000"]],
    ["malformed", USD, ["NaN", "Infinity", "-Infinity", "null", "true", "abc", "$1", "1USD"]],
    ["malformed", USD, ["1e", "e5", "1e+", "1e1.5", "0x10", "0b1", "1n"]],
    ["malformed", USD, ["１", "١", "−1", "1\u00a0", "1\0", "½", "1e²"]],
    ["malformed", USD, [`1.${"0".repeat(63)}`, "1".repeat(65), "0".repeat(1_000_000)]],
  ];
  for (const [fault, decimals, texts] of refused) {
    for (const text of texts) {
      const shown = JSON.stringify(text.length > 70 ? `${text.slice(0, 10)}…` : text);
      it(`The amount ${shown} with ${decimals} decimals is refused: ${fault}`, () => {
        expect(parseAmount(text, decimals)).toEqual({ ok: false, fault });
      });
    }
  }

  it("Amounts are read as exact arithmetic reads them, with every number of decimals, and never rounded", () => {
    const digits = (most: number) =>
      fc.string({ unit: fc.constantFrom(..."00123456789"), minLength: 1, maxLength: most });
    const whole = digits(18).map((text) => text.replace(/^0+(?=\d)/, ""));
    const fraction = fc.option(digits(18)).map((text) => (text === null ? "" : `.${text}`));
    const power = fc
      .oneof(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -9999, max: 9999 }))
      .map((number) => (number > 0 && number % 2 === 0 ? `+${number}` : String(number)));
    const exponent = fc.oneof(
      fc.constant(""),
      fc.tuple(fc.constantFrom("e", "E"), power).map((parts) => parts.join("")),
    );
    const decimal = fc
      .tuple(fc.constantFrom("", "", "", "-"), whole, fraction, exponent)
      .map((parts) => parts.join(""))
      .filter((text) => text.length <= 64);
    fc.assert(
      fc.property(decimal, decimalsOfMoney, (text, decimals) => {
        expect(parseAmount(text, decimals)).toEqual(parseExactly(text, decimals));
      }),
      { numRuns: 3_000 },
    );
  });

  it("Every spelling of an amount is read as that amount", () => {
    const spelling = fc.tuple(
      fc.oneof(amounts, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
      decimalsOfMoney,
      fc.integer({ min: -16, max: 16 }),
      fc.integer({ min: 0, max: 8 }),
    );
    fc.assert(
      fc.property(spelling, ([amountMinor, decimals, exponent, zeros]) => {
        // amountMinor / 10^decimals, written as a number with more decimals times 10^exponent.
        const places = Math.max(0, decimals + exponent) + zeros;
        const scaled = BigInt(amountMinor) * 10n ** BigInt(places - decimals - exponent);
        const all = String(scaled).padStart(places + 1, "0");
        const point = all.length - places;
        const text = places === 0 ? all : `${all.slice(0, point)}.${all.slice(point)}`;
        const expected: ParsedAmount =
          amountMinor <= MAX_AMOUNT_MINOR
            ? { ok: true, amount_minor: amountMinor }
            : { ok: false, fault: "too_large" };
        expect(parseAmount(`${text}e${exponent}`, decimals)).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it("Reading any text as an amount never throws, and gives a whole amount within bounds or a fault", () => {
    const alphabet = fc.string({ unit: fc.constantFrom(..."0019.eE+- x"), maxLength: 70 });
    fc.assert(
      fc.property(fc.oneof(fc.string(), alphabet), decimalsOfMoney, (text, decimals) => {
        const parsed = parseAmount(text, decimals);
        if (!parsed.ok) return;
        expect(Number.isSafeInteger(parsed.amount_minor)).toBe(true);
        expect(parsed.amount_minor).toBeGreaterThan(0);
        expect(parsed.amount_minor).toBeLessThanOrEqual(MAX_AMOUNT_MINOR);
        expect(parsed).toEqual(parseExactly(text, decimals));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("writing an amount", () => {
  it.each([
    [10_050, USD, "100.5"],
    [10_000, USD, "100"],
    [100, USD, "1"],
    [10, USD, "0.1"],
    [1, USD, "0.01"],
    [0, USD, "0"],
    [1, KWD, "0.001"],
    [1_230, KWD, "1.23"],
    [100, JPY, "100"],
    [MAX_AMOUNT_MINOR, USD, "9999999999999.99"],
    [MAX_AMOUNT_MINOR, KWD, "999999999999.999"],
    [MAX_AMOUNT_MINOR, JPY, "999999999999999"],
  ])("%i minor units with %i decimals are written as %s", (amountMinor, decimals, text) => {
    expect(formatAmount(amountMinor, decimals)).toBe(text);
  });

  it("An amount is written as short as possible, and reads back as the same amount", () => {
    fc.assert(
      fc.property(amounts, decimalsOfMoney, (amount_minor, decimals) => {
        const text = formatAmount(amount_minor, decimals);
        expect(text).toMatch(/^(0|[1-9]\d*)(\.\d*[1-9])?$/);
        expect(parseAmount(text, decimals)).toEqual({ ok: true, amount_minor });
      }),
      { numRuns: 3_000 },
    );
  });

  it("An amount survives a trip through a JSON number in both directions", () => {
    fc.assert(
      fc.property(amounts, decimalsOfMoney, (amount_minor, decimals) => {
        const text = formatAmount(amount_minor, decimals);
        const json = JSON.stringify(Number(text));
        expect(json).toBe(text);
        const read: unknown = JSON.parse(json);
        expect(parseAmount(String(read), decimals)).toEqual({ ok: true, amount_minor });
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("currencies", () => {
  const NO_DECIMALS = "BIF BYR CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(
    " ",
  );
  const THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND".split(" ");
  /** Codes of ISO 4217 for indexed units, mileage in a bank's books and next-day funds. */
  const FUNDS = "BOV CHE CHW CLF COU MXV USN UYI UYW".split(" ");
  const decimalsOf = (code: string) => findCurrency(code)?.decimals;
  const withDecimals = (decimals: number) =>
    CURRENCY_CODES.filter((code) => decimalsOf(code) === decimals).sort();

  it.each([
    ["USD", 2],
    ["EUR", 2],
    ["GBP", 2],
    ["CHF", 2],
    ["JPY", 0],
    ["KWD", 3],
    ["XCG", 2],
    ["BGN", 2],
  ])("The currency %s has %i decimals", (code, decimals) => {
    expect(decimalsOf(code)).toBe(decimals);
  });

  it("The currencies without decimals are those that ISO 4217 lists so", () => {
    expect(withDecimals(0)).toEqual(NO_DECIMALS);
  });

  it("The currencies with three decimals are those that ISO 4217 lists so", () => {
    expect(withDecimals(3)).toEqual(THREE_DECIMALS);
  });

  it("All other currencies have two decimals, and the currencies of the world are in the table", () => {
    const special = NO_DECIMALS.length + THREE_DECIMALS.length;
    expect(withDecimals(2)).toHaveLength(CURRENCY_CODES.length - special);
    expect(CURRENCY_CODES.length).toBeGreaterThan(150);
    expect(CURRENCY_CODES.length).toBeLessThan(200);
    expect(CURRENCY_CODES.filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([]);
  });

  const unknown =
    "CLF UYW XAG XAU XPD XPT XBA XBB XBC XBD XDR XSU XUA XTS XXX AAA ZZZ usd Usd US USDD DEM".split(
      " ",
    );
  it.each([...unknown, "", " USD", "USD ", "ＵＳＤ", "840", "__proto__", "constructor"])(
    "%j is not a currency",
    (code) => {
      expect(findCurrency(code)).toBeUndefined();
    },
  );

  it("An accounting unit is not money", () => {
    expect(FUNDS.filter((code) => findCurrency(code) !== undefined)).toEqual([]);
  });
});
