/** The members that many of the API's shapes have: text, times, and the parts of a page. */
import { z } from "@hono/zod-openapi";
import {
  type AmountFault,
  MAX_AMOUNT_MINOR,
  MAX_DECIMAL_CHARACTERS,
} from "../../domain/money/money";
import { containsCardNumber } from "../../domain/text/card-number";
import { parseInstant } from "../../domain/time/timestamp";

export const CARD = { params: { code: "card_number_refused" } };
export const CARD_MESSAGE = "must not hold a card number";

/** What is wrong with an amount of a currency, in words that follow the field's name. */
export const AMOUNT_FAULTS: Record<AmountFault, (currency: string, decimals: number) => string> = {
  malformed: () => `must be a decimal number of at most ${MAX_DECIMAL_CHARACTERS} characters`,
  not_positive: () => "must be above 0",
  too_many_decimals: (currency, decimals) =>
    `has more than the ${decimals} decimals of ${currency}`,
  too_large: (currency) => `is above ${MAX_AMOUNT_MINOR} minor units of ${currency}`,
};

/** Text that every store and every reader keeps as it is. */
export const text = (least: number, most: number) =>
  z
    .string("must be a string")
    .min(least, `must have at least ${least} character${least === 1 ? "" : "s"}`)
    .max(most, `must have at most ${most} characters`)
    .refine(
      (value) => value.isWellFormed() && !value.includes("\0"),
      "must not hold NUL or half characters",
    );
export const freeText = (least: number, most: number) =>
  text(least, most).refine((value) => !containsCardNumber(value), {
    message: CARD_MESSAGE,
    ...CARD,
  });

export const Time = z
  .string()
  .openapi({ format: "date-time", example: "2026-11-22T21:00:00.000Z" });
export const Cursor = z
  .string()
  .nullable()
  .openapi({ description: "Send it as `cursor` for the next page.", example: "ZXZlbnQgMTg" });
export const HasMore = z
  .boolean()
  .openapi({ description: "Whether there is another page now.", example: false });
const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 100;
const LIMIT_MESSAGE = `must be a whole number from 1 to ${MAX_LIMIT}`;
export const limit = z
  .string()
  .regex(/^\d{1,9}$/, LIMIT_MESSAGE)
  .transform(Number)
  .pipe(z.number().min(1, LIMIT_MESSAGE).max(MAX_LIMIT, LIMIT_MESSAGE))
  .default(DEFAULT_LIMIT)
  .openapi({
    type: "integer",
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
    description: "How many a page has at most.",
    example: DEFAULT_LIMIT,
  });
/** Longer than any cursor we hand out. */
export const cursor = z
  .string()
  .max(200, "is not one of our cursors")
  .optional()
  .openapi({ description: "The `next_cursor` of the page before.", example: "ZXZlbnQgMTg" });
const NOT_TIME = "must be an RFC 3339 time, such as 2026-11-22T21:00:00Z";
/** A time from outside, in any offset and with any fraction of a second. */
export const time = z
  .string(NOT_TIME)
  .transform((text, context) => {
    const instant = parseInstant(text);
    if (instant) return instant;
    context.addIssue(NOT_TIME);
    return z.NEVER;
  })
  .openapi({ type: "string", format: "date-time", example: "2026-11-22T21:00:00Z" });
