/** Text from other systems that is stored without a way to have it corrected. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { containsCardNumber, maskCardNumbers } from "../../../../src/domain/text/card-number";
import { firstCodePoints, outsideText } from "../../../../src/domain/text/outside-text";
import { readWholeFault } from "../../../../src/kafka/errors";

const CARD = "4242424242424242";

it.each([
  ["a card number", `No funds on ${CARD}.`, "No funds on ****************."],
  ["a card number in printed groups", "4242 4242-4242 4242", "**** ****-**** ****"],
  ["two card numbers", `${CARD}/${CARD}`, "****************/****************"],
  ["a card number beside other digits", `12 ${CARD} 99`, "12 **************** 99"],
  [
    "a card number whose groups are held apart by NUL",
    "4242\x004242\x004242\x004242",
    "**** **** **** ****",
  ],
  ["a lone high surrogate", "a\ud83d", "a\ufffd"],
  ["a lone low surrogate", "\ude00b", "\ufffdb"],
  ["a whole surrogate pair", "\ud83d\ude00", "\ud83d\ude00"],
  ["NUL", "a\0b", "a b"],
  ["a line break", "a\r\nb", "a b"],
  ["a terminal's escape", "\u001b[31mred", "[31mred"],
  ["C1 control characters", "a\u009bb", "a b"],
  ["a line separator", "a\u2028b\u2029c", "a b c"],
  ["a right-to-left override", "a\u202eb\u2066c", "a b c"],
  ["white space around it", " \t declined \n", "declined"],
  ["nothing but control characters", "\0\n\u0085", ""],
  [
    "other scripts",
    "Guthaben zu gering, \u6b8b\u9ad8\u4e0d\u8db3",
    "Guthaben zu gering, \u6b8b\u9ad8\u4e0d\u8db3",
  ],
])("Outside text is made fit to keep when it holds %s", (_, text, kept) => {
  expect(outsideText(text, 100)).toBe(kept);
});

it.each([
  ["ASCII", "abcdef", "abc"],
  ["emoji", "\u{1f600}\u{1f601}\u{1f602}\u{1f603}", "\u{1f600}\u{1f601}\u{1f602}"],
  ["both", "a\u{1f600}b\u{1f601}", "a\u{1f600}b"],
])("A text is cut to code points, never to half of one: %s", (_, text, cut) => {
  expect(firstCodePoints(text, 3)).toBe(cut);
  expect(outsideText(text, 3)).toBe(cut);
});

it("A card number is masked before a text is cut, so that no part of it is left", () => {
  expect(outsideText(`card ${CARD}`, 17)).toBe("card ************");
});

it("A longer number that is cut to a card number is masked as well", () => {
  expect(outsideText(`${CARD}0000`, 16)).toBe("****************");
});

const hostile = fc.string({
  unit: fc.constantFrom(
    "4",
    "2",
    "0",
    "1",
    " ",
    "-",
    "a",
    "\0",
    "\n",
    "\ud83d",
    "\ude00",
    "\u202e",
  ),
  maxLength: 80,
});

const texts = fc.oneof(hostile, fc.string({ unit: "binary", maxLength: 80 }));

it("Any text comes out well-formed, short enough, and without control characters and card numbers", () => {
  fc.assert(
    fc.property(texts, fc.nat({ max: 90 }), (text, most) => {
      const kept = outsideText(text, most);
      expect(kept.isWellFormed()).toBe(true);
      expect([...kept].length).toBeLessThanOrEqual(most);
      expect(kept).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
      expect(containsCardNumber(kept)).toBe(false);
      expect(outsideText(kept, most)).toBe(kept);
    }),
    { numRuns: 2_000 },
  );
});

it("Masking leaves no card number, keeps the length, and changes nothing else", () => {
  const digits = fc.string({ unit: fc.constantFrom(..."0123456789 -"), maxLength: 60 });
  fc.assert(
    fc.property(fc.oneof(digits, hostile), (text) => {
      const masked = maskCardNumbers(text);
      expect(containsCardNumber(masked)).toBe(false);
      expect(masked).toHaveLength(text.length);
      if (!containsCardNumber(text)) expect(masked).toBe(text);
      for (const [at, unit] of [...text].entries()) expect([unit, "*"]).toContain([...masked][at]);
    }),
    { numRuns: 2_000 },
  );
});

it("The longest text is masked without delay", () => {
  for (const unit of ["1 ", "1-", "1", "4242 4242 4242 4242 "]) {
    expect(containsCardNumber(maskCardNumbers(unit.repeat(50_000)))).toBe(false);
  }
});

it("A Kafka server that repeats a card number does not bring it into the log", () => {
  const text = JSON.stringify({ message: `cannot write {"card":"${CARD}"}` });
  const fault = readWholeFault({ status: 400, text, retry_after_ms: undefined, secrets: [] });
  expect(fault).toMatchObject({ reason: expect.stringContaining("****************") });
  expect(JSON.stringify(fault)).not.toContain(CARD);
});
