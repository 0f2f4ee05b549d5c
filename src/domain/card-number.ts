/** Finds card numbers in text, so that they can be refused at the door: a number that is never
 *  stored cannot leak. Luhn: ISO/IEC 7812-1 annex B. */

const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;

/** A run of digits, and the same with single spaces or dashes between, as cards are printed. */
const DIGIT_RUNS = /\d+/g;
const PRINTED_RUNS = /(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)/g;
/** Payment cards start with 2 to 6 (Mastercard, Amex and JCB, Visa, Mastercard, Discover and UnionPay).
 *  Asked only of identifiers, where a customer number that happens to pass Luhn must stay usable. */
const PAYMENT_CARD = /^[2-6]\d{12,18}$/;

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let fromRight = 0; fromRight < digits.length; fromRight++) {
    const digit = digits.charCodeAt(digits.length - 1 - fromRight) - 48;
    const doubled = fromRight % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Whether free text holds 13 to 19 digits that pass the Luhn check, written in one run or in groups. */
export function containsCardNumber(text: string): boolean {
  const runs = [...(text.match(DIGIT_RUNS) ?? []), ...(text.match(PRINTED_RUNS) ?? [])];
  return runs
    .map((run) => run.replace(/[ -]/g, ""))
    .some(
      (run) => run.length >= CARD_DIGITS_MIN && run.length <= CARD_DIGITS_MAX && passesLuhn(run),
    );
}

/** Whether an identifier as a whole is a payment card number. */
export function isCardNumber(identifier: string): boolean {
  const digits = identifier.replace(/[ -]/g, "");
  return PAYMENT_CARD.test(digits) && passesLuhn(digits);
}
