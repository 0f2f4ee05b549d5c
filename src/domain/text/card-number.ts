/** Finds card numbers in text: a client's are refused, and those in text that cannot be refused are masked.
 *  A number that is never stored cannot leak. Luhn: ISO/IEC 7812-1 annex B. */

const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;

/** Digits in groups, one space or dash between them, as cards are printed: 4-4-4-4, 4-6-5 … Word processors write spaces
 *  that do not break and longer dashes, and some keyboards full-width digits. */
const GROUPED_DIGITS = /[0-9０-９]+(?:[\p{Zs}\p{Pd}\u2212][0-9０-９]+)*/gu;
const DIGITS = /[0-9０-９]+/g;
const SEPARATORS = /[\p{Zs}\p{Pd}\u2212]/gu;
/** The code of a digit, of either width, is its value above a multiple of this. */
const DIGIT_CODES = 16;

/** Payment cards start with 2 to 6 (Mastercard, Amex and JCB, Visa, Mastercard, Discover and UnionPay).
 *  Applied to identifiers only, where a customer number that happens to pass Luhn must stay usable. */
const PAYMENT_CARD = /^[2-6２-６][0-9０-９]{12,18}$/;

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let fromRight = 0; fromRight < digits.length; fromRight++) {
    const digit = digits.charCodeAt(digits.length - 1 - fromRight) % DIGIT_CODES;
    const doubled = fromRight % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Whether free text holds 13 to 19 digits that pass the Luhn check, in one run or in printed groups,
 *  whatever digits stand beside them. */
export function containsCardNumber(text: string): boolean {
  return (text.match(GROUPED_DIGITS) ?? []).some((run) => {
    const groups = run.split(SEPARATORS);
    return groups.some((_, first) => cardEnds(groups, first).next().done === false);
  });
}

/** The text with each digit of each card number in it replaced by `*`, so that none is left.
 *  Its length does not change. */
export function maskCardNumbers(text: string): string {
  return text.replace(GROUPED_DIGITS, (run) => {
    const groups = run.split(SEPARATORS);
    const ofCards = new Set<number>();
    for (const first of groups.keys()) {
      for (const last of cardEnds(groups, first)) {
        for (let at = first; at <= last; at++) ofCards.add(at);
      }
    }
    let group = 0;
    return run.replace(DIGITS, (digits) =>
      ofCards.has(group++) ? "*".repeat(digits.length) : digits,
    );
  });
}

/** The last group of each card number that begins with the group at `first`. */
function* cardEnds(groups: string[], first: number): Generator<number> {
  let digits = "";
  for (let last = first; last < groups.length && digits.length < CARD_DIGITS_MAX; last++) {
    digits += groups[last];
    const isLong = digits.length >= CARD_DIGITS_MIN && digits.length <= CARD_DIGITS_MAX;
    if (isLong && isPrinted(groups.slice(first, last + 1)) && passesLuhn(digits)) yield last;
  }
}

/** Cards are printed in equal groups, of which the last may be shorter, or as 4-6-5 and 4-6-4. Dates are not. */
function isPrinted(groups: string[]): boolean {
  const lengths = groups.map(({ length }) => length);
  const [each = 0] = lengths;
  const isEven = lengths.every(
    (length, at) => length === each || (at > 0 && at === lengths.length - 1 && length < each),
  );
  return isEven || /^4,6,[45]$/.test(lengths.join());
}

/** Whether an identifier as a whole is a payment card number. */
export function isCardNumber(identifier: string): boolean {
  const digits = identifier.replace(SEPARATORS, "");
  return PAYMENT_CARD.test(digits) && passesLuhn(digits);
}
