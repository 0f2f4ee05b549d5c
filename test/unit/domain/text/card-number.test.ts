/** Text from outside that is refused: card numbers, anywhere. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  containsCardNumber,
  isCardNumber,
  maskCardNumbers,
} from "../../../../src/domain/text/card-number";

/** Luhn by table: what a doubled digit counts. */
const DOUBLED = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
function checkDigit(digits: string): string {
  const sum = [...digits]
    .reverse()
    .map(Number)
    .reduce((total, digit, index) => total + (index % 2 === 0 ? (DOUBLED[digit] ?? 0) : digit), 0);
  return String((10 - (sum % 10)) % 10);
}

const digitsOf = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789"), minLength, maxLength });
const withCheckDigit = (digits: string) => digits + checkDigit(digits);

const KNOWN = [
  "4222222222222",
  "30569309025904",
  "378282246310005",
  "371449635398431",
  "4242424242424242",
  "4000056655665556",
  "5555555555554444",
  "2223003122003222",
  "6011111111111117",
  "3566002020360505",
  "6205500000000000004",
  "4000000000000000006",
];

const PRINTED = [
  "4242 4242 4242 4242",
  "4242-4242-4242-4242",
  "3782 822463 10005",
  "3056-930902-5904",
  "6205 5000 0000 0000 004",
  "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
];

describe("a card number in free text", () => {
  it.each([...KNOWN, ...PRINTED])("A card number in free text is found: %s", (number) => {
    expect(containsCardNumber(number)).toBe(true);
    expect(containsCardNumber(`Paid with ${number}, thank you`)).toBe(true);
    expect(containsCardNumber(`card:${number}\nname: A. Person`)).toBe(true);
    expect(containsCardNumber(`<${number}>`)).toBe(true);
  });

  it.each([
    "4242424242424242 123",
    "12/27 4242424242424242",
    "order 7: 4242 4242 4242 4242",
    "1 and 4242424242424242 and 2",
    "x4242424242424242y",
    "4111111111111112 4242424242424242",
    "4242424242424242/12/27",
    "4242 4242 4242 4242, 123",
    "0004242424242424242",
  ])("A card number is found among other words and numbers: %s", (text) => {
    expect(containsCardNumber(text)).toBe(true);
  });

  it.each([
    "4242 4242 4242 4242 12/27",
    "4242 4242 4242 4242 123",
    "4242-4242-4242-4242-123",
    "exp 12 4242 4242 4242 4242",
    "2 x 1 4242 4242 4242 4242",
  ])("A card number is found in groups beside other digits: %s", (text) => {
    expect(containsCardNumber(text)).toBe(true);
  });

  it.each([
    ["no-break spaces", "4242\u00a04242\u00a04242\u00a04242"],
    ["narrow no-break spaces", "3782\u202f822463\u202f10005"],
    ["en dashes", "4242\u20134242\u20134242\u20134242"],
    ["non-breaking hyphens", "4242\u20114242\u20114242\u20114242"],
    ["minus signs", "4242\u22124242\u22124242\u22124242"],
    ["full-width digits", "４２４２４２４２４２４２４２４２"],
    ["full-width digits and spaces", "４２４２　４２４２　４２４２　４２４２"],
  ])("A card number is found with %s, as word processors and keyboards write it", (_, number) => {
    expect(containsCardNumber(`Paid with ${number}, thank you`)).toBe(true);
    expect(isCardNumber(number)).toBe(true);
    expect(maskCardNumbers(`Paid with ${number}.`)).toBe(
      `Paid with ${number.replace(/[0-9０-９]/g, "*")}.`,
    );
  });

  it.each([
    ["nothing", ""],
    ["words", "Two books and a pen"],
    ["12 digits", "424242424242"],
    ["12 digits that pass Luhn", withCheckDigit("42424242424")],
    ["20 digits", "42424242424242424242"],
    ["20 digits that pass Luhn", withCheckDigit("4242424242424242424")],
    ["a card number inside a longer run", "42424242424242420000"],
    ["16 digits that fail Luhn", "4242424242424241"],
    ["printed digits that fail Luhn", "4242 4242 4242 4241"],
    ["letters between", "4242a4242a4242a4242"],
    ["a time in milliseconds", "1700000000000"],
    ["a UUID", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ["a telephone number", "+49 30 901820"],
    ["dates", "2026-11-22 2026-11-23"],
  ])("No card number is found in %s", (_, text) => {
    expect(containsCardNumber(text)).toBe(false);
  });

  it("A card number is found at every length from 13 to 19, in one run or in groups, and at no other", () => {
    fc.assert(
      fc.property(digitsOf(8, 23), fc.constantFrom("", " ", "-"), (digits, separator) => {
        const number = withCheckDigit(digits);
        const isCard = number.length >= 13 && number.length <= 19;
        // More than 19 digits in groups may well hold a card number in some of the groups.
        const between = number.length > 19 ? "" : separator;
        const text = number.replace(/\d{4}(?=\d)/g, `$&${between}`);
        expect(containsCardNumber(text)).toBe(isCard);
        expect(containsCardNumber(`no. ${text}!`)).toBe(isCard);
      }),
      { numRuns: 1_000 },
    );
  });

  it("A card number with any one digit changed is no card number", () => {
    const changes = fc.tuple(
      digitsOf(12, 18).map(withCheckDigit),
      fc.nat(),
      fc.integer({ min: 1, max: 9 }),
    );
    fc.assert(
      fc.property(changes, ([number, anywhere, by]) => {
        const place = anywhere % number.length;
        const digit = String((Number(number[place]) + by) % 10);
        const changed = number.slice(0, place) + digit + number.slice(place + 1);
        expect(containsCardNumber(number)).toBe(true);
        expect(containsCardNumber(changed)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it("The longest text is searched for card numbers without delay", () => {
    for (const unit of ["1 ", "1-", "1", "1 - "]) {
      expect(containsCardNumber(unit.repeat(100_000))).toBe(false);
    }
  });
});

describe("an identifier", () => {
  it.each([...KNOWN, ...PRINTED])(
    "An identifier that is a card number is recognized: %s",
    (number) => {
      expect(isCardNumber(number)).toBe(true);
    },
  );

  it.each([
    ["a name with a card number in it", "user-4242424242424242"],
    ["a card number with a suffix", "4242424242424242x"],
    ["digits that fail Luhn", "4242424242424241"],
    ["a customer number that starts with 0", withCheckDigit("000000012345")],
    ["a customer number that starts with 1", withCheckDigit("100000012345")],
    ["a customer number that starts with 7", withCheckDigit("700000012345")],
    ["a customer number that starts with 8", withCheckDigit("800000012345")],
    ["a customer number that starts with 9", withCheckDigit("900000012345")],
    ["12 digits", withCheckDigit("42424242424")],
    ["20 digits", withCheckDigit("4242424242424242424")],
    ["a UUID", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ["a name", "user_123"],
    ["nothing", ""],
  ])("An identifier that is no card number is accepted: %s", (_, identifier) => {
    expect(isCardNumber(identifier)).toBe(false);
  });

  it("An identifier is a card number exactly when it starts with 2 to 6, has 13 to 19 digits and passes Luhn", () => {
    const numbers = fc.oneof(digitsOf(10, 21), digitsOf(10, 20).map(withCheckDigit));
    fc.assert(
      fc.property(numbers, (digits) => {
        const passes = checkDigit(digits.slice(0, -1)) === digits.at(-1);
        const isCard = /^[2-6]/.test(digits) && digits.length >= 13 && digits.length <= 19;
        expect(isCardNumber(digits)).toBe(isCard && passes);
      }),
      { numRuns: 2_000 },
    );
  });
});
