/** The fields of fraud rules, each with its own fault messages. */
import { z } from "@hono/zod-openapi";
import { findCurrency, notCurrencyText } from "../../../domain/money/currency";
import {
  type AmountFault,
  MAX_AMOUNT_MINOR,
  MAX_DECIMAL_CHARACTERS,
  parseAmount,
} from "../../../domain/money/money";
import { MAX_FIELD_CHARACTERS } from "../../../domain/risk/limits";
import {
  LIST_FIELDS,
  LIST_NAMES,
  type RuleAmount,
  type Subject,
} from "../../../domain/risk/rule-set";
import { containsCardNumber } from "../../../domain/text/card-number";
import { AMOUNT_FAULTS, CARD, CARD_MESSAGE, freeText } from "../../http/common-schemas";

export const choice = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, `must be one of ${values.join(", ")}`);
export const flag = z.boolean("must be true or false");
export const whole = (least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}`;
  return z.int(message).min(least, message).max(most, message);
};
export const object = <Shape extends z.core.$ZodShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: ({ code }) => (code === "invalid_type" ? "must be an object" : undefined),
  });
const EMPTY = "must not be empty";
export const someOf = <Item extends z.ZodType>(item: Item, what: string, most: number) =>
  z
    .array(item, `must be a list of ${what}`)
    .min(1, EMPTY)
    .max(most, `must have at most ${most} values`);

/** The most decimal places of any currency. A threshold between two amounts of a currency with fewer is valid. */
const DECIMALS = 3;
const NOT_DECIMAL = 'must be a decimal string in major units, such as "250.00"';
const DECIMAL_FAULTS: Record<AmountFault, string> = {
  malformed: NOT_DECIMAL,
  not_positive: "must be greater than 0",
  too_many_decimals: `must have at most ${DECIMALS} decimal places`,
  too_large: `must be at most ${MAX_AMOUNT_MINOR} thousandths`,
};
/** A decimal without an exponent. */
const PLAIN = /^[0-9]+(\.[0-9]+)?$/;
const findDecimalFault = (text: string): string | undefined => {
  const parsed = parseAmount(PLAIN.test(text) ? text : "", DECIMALS);
  return parsed.ok ? undefined : DECIMAL_FAULTS[parsed.fault];
};
const decimal = z
  .string(NOT_DECIMAL)
  .superRefine((text, context) => {
    const fault = findDecimalFault(text);
    if (fault) context.addIssue(fault);
  })
  .openapi({
    description: "Decimal string in major units.",
    pattern: PLAIN.source,
    maxLength: MAX_DECIMAL_CHARACTERS,
    example: "250.00",
  });
/** Withdrawn currencies are valid: an existing rule set may name one, and a backtest reads payments in it. */
export const currency = z
  .string(notCurrencyText(""))
  .superRefine((code, context) => {
    if (!findCurrency(code)) context.addIssue(notCurrencyText(code));
  })
  .openapi({ pattern: "^[A-Z]{3}$", example: "USD" });

/** Parses an amount: one decimal, or decimals by currency. */
export const amount: z.ZodType<RuleAmount> = z.unknown().transform((value, context) => {
  const fault = (message: string, ...path: string[]) =>
    context.addIssue({ code: "custom", path, message });
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const message = typeof value === "string" ? findDecimalFault(value) : NOT_DECIMAL;
    if (message) fault(message);
    return value as string; // Just checked.
  }
  const amounts = Object.entries(value);
  if (amounts.length === 0) fault(EMPTY);
  for (const [code, text] of amounts) {
    const message = findAmountFault(code, text);
    if (message) fault(message, code);
  }
  return Object.fromEntries(amounts);
});

/** The fault of an amount in a currency, whose number of decimal places it must not exceed. */
function findAmountFault(code: string, text: unknown): string | undefined {
  const currency = findCurrency(code);
  if (!currency) return notCurrencyText(code);
  if (typeof text !== "string" || !PLAIN.test(text)) return NOT_DECIMAL;
  const parsed = parseAmount(text, currency.decimals);
  return parsed.ok ? undefined : AMOUNT_FAULTS[parsed.fault](code, currency.decimals);
}

/** The documented schema of an amount. The choices among the members of a condition have names, so that a generator
 *  that does not support one can be given another type for it. */
export const AmountShape = z
  .union([
    decimal,
    z.record(z.string(), z.string().openapi({ pattern: PLAIN.source })).openapi({
      description: "Decimal strings by currency. Payments in other currencies do not match.",
      example: { USD: "250.00", JPY: "40000" },
    }),
  ])
  .openapi("RiskAmount", { example: "250.00" });

export const listName = choice(LIST_NAMES).openapi("RiskListName");
export const listField = choice(LIST_FIELDS).openapi("RiskListField", {
  description:
    "`customer`: the payment's `user_id`. `email_domain`: the domain of the metadata field `email`. Others: the metadata field of the same name.",
});

/** A metadata field. `__proto__` is the only name that a transaction's metadata cannot have. */
export const field = freeText(1, MAX_FIELD_CHARACTERS).refine(
  (name) => name !== "__proto__",
  "is not an allowed name",
);
const METADATA = "metadata.";
export const subject = z
  .string(`must be customer or ${METADATA}<field>`)
  .superRefine((text, context) => {
    if (text === "customer") return;
    const name = field.safeParse(text.slice(METADATA.length));
    if (!text.startsWith(METADATA)) context.addIssue(`must be customer or ${METADATA}<field>`);
    else if (containsCardNumber(text)) {
      context.addIssue({ code: "custom", message: CARD_MESSAGE, ...CARD });
    } else if (!name.success) context.addIssue(`names a field that ${readMessage(name.error)}`);
  })
  .transform((text) => text as Subject) // Just checked.
  .openapi({ type: "string", pattern: "^(customer|metadata\\..+)$", example: "metadata.ip" });
const readMessage = ({ issues }: z.ZodError): string => issues[0]?.message ?? "";
