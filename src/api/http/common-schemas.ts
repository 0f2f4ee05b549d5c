/** Schemas that several resources share: text, times, and the parts of a page. */
import { z } from "@hono/zod-openapi";
import {
  type AmountFault,
  MAX_AMOUNT_MINOR,
  MAX_DECIMAL_CHARACTERS,
  parseAmount,
} from "../../domain/money/money";
import { containsCardNumber } from "../../domain/text/card-number";
import { parseInstant } from "../../domain/time/timestamp";

export const CARD = { params: { code: "card_number_refused" } };
export const CARD_MESSAGE = "must not contain a card number";

/** Fault messages of an amount in a currency. They follow the field's name. */
export const AMOUNT_FAULTS: Record<AmountFault, (currency: string, decimals: number) => string> = {
  malformed: () => `must be a decimal number of at most ${MAX_DECIMAL_CHARACTERS} characters`,
  not_positive: () => "must be greater than 0",
  too_many_decimals: (currency, decimals) =>
    `must have at most ${decimals} decimal places in ${currency}`,
  too_large: (currency) => `must be at most ${MAX_AMOUNT_MINOR} minor units of ${currency}`,
};

/** For openapi.json: the domain parses an amount and reports more precise faults. */
const amountNumber = z.number().openapi({ minimum: 0 });
const amountText = z.string().openapi({
  maxLength: MAX_DECIMAL_CHARACTERS,
  pattern: "^(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$",
});

/** An amount in major units, as it is sent. A number in a body arrives as its source text (`request-body.ts`). */
export const sentAmount = z.union(
  [amountNumber, amountText],
  "must be a number or a decimal string",
);

/** No currency has more decimals. */
export const MAX_DECIMALS = 3;

/** An optional amount in the currency of a transaction, whose owner checks the decimals. Its text. */
export const partialAmount = sentAmount
  .transform((amount, context) => {
    const text = String(amount);
    const parsed = parseAmount(text, MAX_DECIMALS);
    if (!parsed.ok && (parsed.fault === "malformed" || parsed.fault === "not_positive")) {
      context.addIssue(AMOUNT_FAULTS[parsed.fault]("", MAX_DECIMALS));
    }
    return text;
  })
  .nullish();

/** Text that every store and every reader keeps unchanged. */
export const text = (least: number, most: number) =>
  z
    .string("must be a string")
    .min(least, `must have at least ${least} character${least === 1 ? "" : "s"}`)
    .max(most, `must have at most ${most} characters`)
    .refine(
      (value) => value.isWellFormed() && !value.includes("\0"),
      "must not contain NUL or unpaired surrogates",
    );
export const freeText = (least: number, most: number) =>
  text(least, most).refine((value) => !containsCardNumber(value), {
    message: CARD_MESSAGE,
    ...CARD,
  });

export const Time = z
  .string()
  .openapi({ format: "date-time", example: "2026-11-22T21:00:00.000Z" });
export const Cursor = z.string().nullable().openapi({
  description: "Pass it as `cursor` to get the next page. Null if there is none.",
  example: "ZXZlbnQgMTg",
});
export const HasMore = z
  .boolean()
  .openapi({ description: "Whether more items follow this page.", example: false });
export const StaleSince = z.iso.datetime().nullable().openapi({
  format: "date-time",
  description:
    "Null if the page includes every change that was confirmed before the request. Otherwise the time since which changes may be missing; 1970 if it is unknown.",
  example: null,
});
/** The number of items of a page.
 *  @param most how many may be asked for */
export function limitOf(usual: number, most: number, description: string) {
  const message = `must be a whole number from 1 to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .pipe(z.number().min(1, message).max(most, message))
    .default(usual)
    .openapi({
      type: "integer",
      minimum: 1,
      maximum: most,
      default: usual,
      description,
      example: usual,
    });
}

export const limit = limitOf(10, 100, "Maximum number of items on the page.");
/** The limit is longer than any cursor that the API returns. */
export const cursor = z
  .string("must be a string")
  .max(200, "is not a valid cursor")
  .optional()
  .openapi({ description: "The `next_cursor` of the previous page.", example: "ZXZlbnQgMTg" });
/** The query of a list that has neither filters nor pages. */
export const noParameters = z.strictObject({});
const NOT_TIME = "must be an RFC 3339 time, such as 2026-11-22T21:00:00Z";
/** A time in a request, with any offset and any fraction of a second. */
export const time = z
  .string(NOT_TIME)
  .transform((text, context) => {
    const instant = parseInstant(text);
    if (instant) return instant;
    context.addIssue(NOT_TIME);
    return z.NEVER;
  })
  .openapi({ type: "string", format: "date-time", example: "2026-11-22T21:00:00Z" });
