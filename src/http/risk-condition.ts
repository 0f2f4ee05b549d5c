/** The conditions of fraud rules, as they are sent: each kind by itself, and how they nest. */
import { z } from "@hono/zod-openapi";
import {
  MAX_AGE_S,
  MAX_CURRENCIES,
  MAX_DEPTH,
  MAX_VALUE_CHARACTERS,
  MAX_VALUES,
} from "../domain/risk/limits";
import {
  type AmountByCurrency,
  type Condition,
  LIST_FIELDS,
  LIST_NAMES,
  MEASURES,
  type RuleAmount,
  WINDOWS,
} from "../domain/risk/rule-set";
import { byMember } from "./by-member";
import { freeText } from "./fields";
import {
  AmountShape,
  amount,
  choice,
  currency,
  field,
  flag,
  object,
  someOf,
  subject,
  whole,
} from "./risk-fields";

const amounts = {
  above: object({ above: amount }),
  multiple_of: object({ multiple_of: amount }),
};
const amountCondition = object({
  amount: byMember("an amount", amounts),
  currency: currency.exactOptional(),
}).superRefine(({ amount: compared, currency: only }, context) => {
  const limit = "above" in compared ? compared.above : compared.multiple_of;
  if (only === undefined || typeof limit === "string") return;
  const message = "cannot stand beside amounts by currency";
  context.addIssue({ code: "custom", path: ["currency"], message });
});
const measured = { of: subject, measure: choice(MEASURES), window: choice(WINDOWS) };
const velocity = object({ ...measured, completed_only: flag.exactOptional() });
const ABOVE = "must be a whole number, or for a sum a decimal as text";
/** Whether it is an amount depends on the measure. */
const above = z.union([z.number(), z.string(), z.custom<AmountByCurrency>(isByCurrency)], ABOVE);
const velocityCondition = object({ velocity, above });
type VelocityCondition = z.output<typeof velocityCondition>;

/** Percents stop at 100, so nothing is above it. */
const MOST_PERCENT = 99;

function checkVelocity(given: VelocityCondition, context: z.RefinementCtx): void {
  const { measure, of, completed_only } = given.velocity;
  const fault = (path: string[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  for (const { path, message } of aboveFaults(measure, given.above)) {
    fault(["above", ...path.map(String)], message);
  }
  if (measure === "customers" && of === "customer") {
    fault(["velocity", "measure"], "would always be 1: a customer is one customer");
  }
  if (measure === "declined_percent" && completed_only) {
    fault(["velocity", "completed_only"], "would leave out all that declined_percent counts");
  }
}

function isByCurrency(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type AboveFault = { path: PropertyKey[]; message: string };

function aboveFaults(measure: string, above: number | RuleAmount): AboveFault[] {
  if (measure === "sum") return amount.safeParse(above).error?.issues ?? [];
  const most = measure === "declined_percent" ? MOST_PERCENT : Number.MAX_SAFE_INTEGER;
  const isWhole = typeof above === "number" && Number.isSafeInteger(above);
  if (isWhole && above >= 0 && above <= most) return [];
  return [{ path: [], message: `must be a whole number from 0 to ${most} for ${measure}` }];
}

const values = someOf(freeText(1, MAX_VALUE_CHARACTERS), "texts", MAX_VALUES);
const metadata = {
  in: object({ metadata: field, in: values }),
  is_present: object({ metadata: field, is_present: flag }),
};
const customerAge = object({ below_s: whole(1, MAX_AGE_S) });

/** Everything a condition can be but a combination of others. An amount may have a currency, so it comes first. */
const SIMPLE = {
  amount: amountCondition,
  currency: object({ currency: someOf(currency, "currency codes", MAX_CURRENCIES) }),
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
      amount: z.union([
        z.strictObject({ above: AmountShape }),
        z.strictObject({ multiple_of: AmountShape }),
      ]),
      currency: currency.optional(),
    }),
    SIMPLE.currency,
    z.strictObject({
      velocity: z.strictObject({ ...measured, completed_only: flag.optional() }),
      above: z.union([z.number(), AmountShape]),
    }),
    SIMPLE.customer_age,
    metadata.in,
    metadata.is_present,
    SIMPLE.listed,
  ])
  .openapi("RiskCondition", { description: "One kind of member says what is asked." });
