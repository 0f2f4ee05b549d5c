/** The conditions of fraud rules, as they are sent: each kind by itself, and how they nest. */
import { z } from "@hono/zod-openapi";
import { currencyDecimals } from "../domain/currency";
import { type AmountFault, MAX_AMOUNT_MINOR, parseAmount } from "../domain/money";
import {
  MAX_AGE_S,
  MAX_DEPTH,
  MAX_FIELD_CHARACTERS,
  MAX_VALUE_CHARACTERS,
  MAX_VALUES,
} from "../domain/risk/limits";
import {
  type Condition,
  LIST_FIELDS,
  LIST_NAMES,
  MEASURES,
  type Subject,
  WINDOWS,
} from "../domain/risk/rule-set";
import { byMember } from "./by-member";
import { freeText } from "./schema";

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
const someOf = <Item extends z.ZodType>(item: Item, what: string, most: number) =>
  z
    .array(item, `must be a list of ${what}`)
    .min(1, "must not be empty")
    .max(most, `must have at most ${most} values`);

/** Currencies have at most three decimals; where one has fewer, a threshold between two of its amounts is fine. */
const DECIMALS = 3;
const NOT_DECIMAL = 'must be a decimal in major units, as text, such as "250.00"';
const DECIMAL_FAULTS: Record<AmountFault, string> = {
  malformed: NOT_DECIMAL,
  not_positive: "must be above 0",
  too_many_decimals: `has more than ${DECIMALS} decimals`,
  too_large: `is above ${MAX_AMOUNT_MINOR} thousandths`,
};
/** As people write amounts: without an exponent. */
const PLAIN = /^\d+(\.\d+)?$/;
const decimalFault = (text: string): string | undefined => {
  const parsed = parseAmount(PLAIN.test(text) ? text : "", DECIMALS);
  return parsed.ok ? undefined : DECIMAL_FAULTS[parsed.fault];
};
const decimal = z
  .string(NOT_DECIMAL)
  .superRefine((text, context) => {
    const fault = decimalFault(text);
    if (fault) context.addIssue(fault);
  })
  .openapi({ example: "250.00" });
const currency = z
  .string("must be an ISO 4217 currency code, such as USD")
  .refine(
    (code) => currencyDecimals(code) !== undefined,
    "must be an ISO 4217 currency code, such as USD",
  )
  .openapi({ example: "USD" });

/** The one name that no transaction's metadata can have. */
const field = freeText(1, MAX_FIELD_CHARACTERS).refine(
  (name) => name !== "__proto__",
  "is not a name that can be used",
);
const METADATA = "metadata.";
const subject = z
  .string(`must be customer or ${METADATA}<field>`)
  .superRefine((text, context) => {
    if (text === "customer") return;
    const name = field.safeParse(text.slice(METADATA.length));
    if (!text.startsWith(METADATA)) context.addIssue(`must be customer or ${METADATA}<field>`);
    else if (!name.success) context.addIssue(`names a field that ${messageOf(name.error)}`);
  })
  .transform((text) => text as Subject) // Just checked.
  .openapi({ type: "string", example: "metadata.ip" });
const messageOf = ({ issues }: z.ZodError): string => issues[0]?.message ?? "";

const amounts = {
  above: object({ above: decimal }),
  multiple_of: object({ multiple_of: decimal }),
};
const velocity = object({
  of: subject,
  measure: choice(MEASURES),
  window: choice(WINDOWS),
  completed_only: flag.exactOptional(),
});
const ABOVE = "must be a whole number, or for a sum a decimal as text";
const velocityCondition = object({ velocity, above: z.union([z.number(), z.string()], ABOVE) });
type VelocityCondition = z.output<typeof velocityCondition>;

/** Percents stop at 100, so nothing is above it. */
const MOST_PERCENT = 99;

function checkVelocity(given: VelocityCondition, context: z.RefinementCtx): void {
  const { measure, of, completed_only } = given.velocity;
  const fault = (path: string[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  const wrong = aboveFault(measure, given.above);
  if (wrong) fault(["above"], wrong);
  if (measure === "customers" && of === "customer") {
    fault(["velocity", "measure"], "would always be 1: a customer is one customer");
  }
  if (measure === "declined_percent" && completed_only) {
    fault(["velocity", "completed_only"], "would leave out all that declined_percent counts");
  }
}

function aboveFault(measure: string, above: string | number): string | undefined {
  if (measure === "sum") return typeof above === "string" ? decimalFault(above) : NOT_DECIMAL;
  const most = measure === "declined_percent" ? MOST_PERCENT : Number.MAX_SAFE_INTEGER;
  const isWhole = typeof above === "number" && Number.isSafeInteger(above);
  return isWhole && above >= 0 && above <= most
    ? undefined
    : `must be a whole number from 0 to ${most} for ${measure}`;
}

const values = someOf(freeText(1, MAX_VALUE_CHARACTERS), "texts", MAX_VALUES);
const metadata = {
  in: object({ metadata: field, in: values }),
  is_present: object({ metadata: field, is_present: flag }),
};
const customerAge = object({ below_s: whole(1, MAX_AGE_S) });

/** Everything a condition can be but a combination of others. An amount may have a currency, so it comes first. */
const SIMPLE = {
  amount: object({ amount: byMember("an amount", amounts), currency: currency.exactOptional() }),
  currency: object({ currency: someOf(currency, "currency codes", MAX_VALUES) }),
  velocity: velocityCondition.superRefine(checkVelocity),
  customer_age: object({ customer_age: customerAge }),
  metadata: byMember("a metadata condition", metadata),
  listed: object({ listed: choice(LIST_NAMES), field: choice(LIST_FIELDS) }),
};

const tooDeep = z.custom<Condition>(() => false, `is nested deeper than ${MAX_DEPTH} conditions`);

/** A schema for each depth, so that no body can make reading it recurse further than that. */
function conditionWithin(depth: number): z.ZodType<Condition> {
  if (depth === 0) return tooDeep;
  const inner = conditionWithin(depth - 1);
  // How many there may be is counted over the whole rule set.
  const inners = z.array(inner, "must be a list of conditions").min(1, "must not be empty");
  return byMember("a condition", {
    all: object({ all: inners }),
    any: object({ any: inners }),
    not: object({ not: inner }),
    ...SIMPLE,
  });
}

/** A condition as it is checked. */
export const condition = conditionWithin(MAX_DEPTH);

const documented: z.ZodType = z.lazy(() => ConditionShape);
/** A condition as it is documented. */
export const ConditionShape = z
  .union([
    z.strictObject({ all: z.array(documented).min(1) }),
    z.strictObject({ any: z.array(documented).min(1) }),
    z.strictObject({ not: documented }),
    z.strictObject({
      amount: z.union([amounts.above, amounts.multiple_of]),
      currency: currency.optional(),
    }),
    SIMPLE.currency,
    velocityCondition,
    SIMPLE.customer_age,
    metadata.in,
    metadata.is_present,
    SIMPLE.listed,
  ])
  .openapi("RiskCondition", { description: "One kind of member says what is asked." });
