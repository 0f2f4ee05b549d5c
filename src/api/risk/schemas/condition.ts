/** Schemas of the conditions of fraud rules: each kind, and how they nest. */
import { z } from "@hono/zod-openapi";
import {
  MAX_AGE_S,
  MAX_CURRENCIES,
  MAX_DEPTH,
  MAX_VALUE_CHARACTERS,
  MAX_VALUES,
} from "../../../domain/risk/limits";
import {
  type AmountByCurrency,
  type Condition,
  type ConditionByKind,
  type ConditionKind,
  MEASURES,
  type RuleAmount,
  WINDOWS,
} from "../../../domain/risk/rule-set";
import { freeText } from "../../http/common-schemas";
import { keyedUnion } from "../../http/keyed-union";
import {
  AmountShape,
  amount,
  choice,
  currency,
  field,
  flag,
  listField,
  listName,
  object,
  someOf,
  subject,
  whole,
} from "./fields";

const amounts = {
  above: object({ above: amount }),
  multiple_of: object({ multiple_of: amount }),
};
const amountCondition = object({
  amount: keyedUnion("an amount", amounts),
  currency: currency.exactOptional(),
}).superRefine(({ amount: compared, currency: only }, context) => {
  const limit = "above" in compared ? compared.above : compared.multiple_of;
  if (only === undefined || typeof limit === "string") return;
  const message = "cannot be combined with amounts by currency";
  context.addIssue({ code: "custom", path: ["currency"], message });
});
const measured = {
  of: subject,
  measure: choice(MEASURES).openapi("RiskMeasure"),
  window: choice(WINDOWS).openapi("RiskWindow"),
};
const velocity = object({ ...measured, completed_only: flag.exactOptional() });
const ABOVE = "must be a whole number, or a decimal string for sum";
/** An amount or a number, depending on the measure. */
const above = z.union([z.number(), z.string(), z.custom<AmountByCurrency>(isByCurrency)], ABOVE);
const velocityCondition = object({ velocity, above });
type VelocityCondition = z.output<typeof velocityCondition>;

/** No percentage is above 100. */
const MOST_PERCENT = 99;

function checkVelocity({ velocity, above }: VelocityCondition, context: z.RefinementCtx): void {
  const { measure, of, completed_only } = velocity;
  const fault = (path: string[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  for (const { path, message } of findAboveFaults(measure, above)) {
    fault(["above", ...path.map(String)], message);
  }
  if (measure === "customers" && of === "customer") {
    fault(["velocity", "measure"], "is always 1 if velocity/of is customer");
  }
  if (measure === "declined_percent" && completed_only) {
    fault(
      ["velocity", "completed_only"],
      "cannot be combined with declined_percent, which counts declined payments",
    );
  }
}

function isByCurrency(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type AboveFault = { path: PropertyKey[]; message: string };

function findAboveFaults(measure: string, above: number | RuleAmount): AboveFault[] {
  if (measure === "sum") return amount.safeParse(above).error?.issues ?? [];
  const most = measure === "declined_percent" ? MOST_PERCENT : Number.MAX_SAFE_INTEGER;
  const isWhole = typeof above === "number" && Number.isSafeInteger(above);
  if (isWhole && above >= 0 && above <= most) return [];
  return [{ path: [], message: `must be a whole number from 0 to ${most} for ${measure}` }];
}

const values = someOf(freeText(1, MAX_VALUE_CHARACTERS), "strings", MAX_VALUES);
const metadata = {
  in: object({ metadata: field, in: values }),
  is_present: object({ metadata: field, is_present: flag }),
};
const customerAge = object({
  below_s: whole(1, MAX_AGE_S).openapi({
    description: "Matches if fewer seconds have passed since the customer's first payment.",
    example: 86_400,
  }),
});

/** A schema for each of some kinds. One that is missing does not compile. */
type Schemas<Kind extends ConditionKind> = { [One in Kind]: z.ZodType<ConditionByKind[One]> };

/** Every kind but the combinators. An amount may have a currency, so it comes first. */
const SIMPLE = {
  amount: amountCondition,
  currency: object({ currency: someOf(currency, "currency codes", MAX_CURRENCIES) }),
  velocity: velocityCondition.superRefine(checkVelocity),
  customer_age: object({ customer_age: customerAge }),
  metadata: keyedUnion("a metadata condition", metadata),
  listed: object({ listed: listName, field: listField }),
} as const satisfies Schemas<Exclude<ConditionKind, "all" | "any" | "not">>;

const tooDeep = z.custom<Condition>(() => false, `is nested more than ${MAX_DEPTH} levels deep`);

/** A schema for each depth, which limits the recursion of parsing. */
function buildCondition(depth: number): z.ZodType<Condition> {
  if (depth === 0) return tooDeep;
  const inner = buildCondition(depth - 1);
  // The number of conditions is limited for the whole rule set.
  const inners = z.array(inner, "must be a list of conditions").min(1, "must not be empty");
  const schemas = {
    all: object({ all: inners }),
    any: object({ any: inners }),
    not: object({ not: inner }),
    ...SIMPLE,
  } as const satisfies Schemas<ConditionKind>;
  return keyedUnion("a condition", schemas);
}

/** Parses a condition. */
export const condition = buildCondition(MAX_DEPTH);

const documented: z.ZodType = z.lazy(() => ConditionShape);
const documentedList = z.array(documented).min(1).optional();

/** The members that name a kind, and those beside them. */
const documentedMembers = {
  all: documentedList,
  any: documentedList,
  not: documented.optional(),
  amount: z
    .strictObject({ above: AmountShape.optional(), multiple_of: AmountShape.optional() })
    .optional()
    .openapi({
      description: "Has either `above` or `multiple_of`.",
      minProperties: 1,
      example: { above: "250.00" },
    }),
  currency: z
    .union([currency, z.array(currency).min(1).max(MAX_CURRENCIES)])
    .openapi("RiskCurrencies")
    .optional()
    .openapi({
      description:
        "A list of currency codes, one of which must match. With `amount`: the single currency code of the amount.",
      example: ["USD", "EUR"],
    }),
  velocity: z
    .strictObject({ ...measured, completed_only: flag.optional().openapi({ example: false }) })
    .optional(),
  above: z
    .union([z.number().openapi({ type: "integer" }), ...AmountShape.options])
    .openapi("RiskThreshold")
    .optional()
    .openapi({
      description:
        "With `velocity`: the threshold as a whole number, or as a decimal string for `sum`.",
      example: 5,
    }),
  customer_age: customerAge.optional(),
  metadata: field.optional().openapi({ description: "Name of a metadata field.", example: "ip" }),
  in: values.optional().openapi({
    description: "With `metadata`: values, one of which must match.",
    example: ["203.0.113.7"],
  }),
  is_present: flag
    .optional()
    .openapi({ description: "With `metadata`: whether the field must be present.", example: true }),
  listed: listName.optional(),
  field: listField.optional(),
} as const satisfies Record<ConditionKind | "above" | "in" | "is_present" | "field", z.ZodType>;

/** The documented schema of a condition: one flat object, because code generators do not support a choice between
 *  objects without a discriminator, or an inner `anyOf` of required members. `condition` checks which members belong
 *  together. */
export const ConditionShape = z.strictObject(documentedMembers).openapi("RiskCondition", {
  description:
    "Tests one property of a payment, or combines other conditions with `all`, `any` or `not`.",
  minProperties: 1,
  example: { amount: { above: "1000" } },
});
