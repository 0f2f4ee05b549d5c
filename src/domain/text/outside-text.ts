/** Cleans text from outside that cannot be refused: a processor's codes and messages, a Kafka server's or a webhook
 *  receiver's message, a name that is quoted back. A client's fields are refused instead. All such text passes through
 *  here before it is stored, sent on or logged. */
import { maskCardNumbers } from "./card-number";

/** What may steer a terminal, end a line, or show text in another order than it is stored in:
 *  control characters (NUL among them), line and paragraph separators, bidirectional controls (UAX #9). */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu;

/** The text as it may be stored: well-formed UTF-16 (a lone surrogate becomes U+FFFD), a space for each run of
 *  control characters, card numbers masked, without spaces around it, at most `most` code points.
 *  It is idempotent. @returns "" when nothing is left */
export function outsideText(text: string, most: number): string {
  const visible = text.toWellFormed().replace(UNSAFE, " ");
  // Masked before it is cut, because a card number that loses its end is not seen any more; and after it,
  // because a longer number that loses its end may look like one.
  const cut = firstCodePoints(maskCardNumbers(visible).trim(), most);
  return maskCardNumbers(cut).trim();
}

/** At most `most` code points of a text, never half of one. */
export function firstCodePoints(text: string, most: number): string {
  if (text.length <= most) return text;
  // A code point is one or two UTF-16 units, so no more than these are needed.
  return [...text.slice(0, 2 * most)].slice(0, most).join("");
}
