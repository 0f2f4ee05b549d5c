/** Any rule set that the API takes, in the form in which it is answered. */
import fc from "fast-check";
import { MAX_AGE_S, MAX_REVIEW_S } from "../../src/domain/risk/limits";
import {
  type Condition,
  LIST_FIELDS,
  LIST_NAMES,
  MEASURES,
  type Rule,
  type RuleSet,
  type Velocity,
  WINDOWS,
} from "../../src/domain/risk/rule-set";

const decimal = fc
  .tuple(fc.integer({ min: 1, max: 999_999 }), fc.integer({ min: 0, max: 999 }))
  .map(([whole, thousandths]) => `${whole}.${String(thousandths).padStart(3, "0")}`);
const currency = fc.constantFrom("USD", "EUR", "JPY", "KWD");
/** Whole units, which every currency has. */
const byCurrency = fc.dictionary(currency, fc.integer({ min: 1, max: 999_999 }).map(String), {
  minKeys: 1,
});

const amount = fc.oneof(decimal, byCurrency);
const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  // Longer in UTF-16 than in characters, a card number by accident, or a name that no field may have.
  .filter((text) => text.length <= 40 && !/\d{3}|\0|__proto__/.test(text) && text.isWellFormed());

const velocity: fc.Arbitrary<Velocity> = fc
  .record(
    {
      of: fc.constantFrom("customer", "metadata.ip", "metadata.card_fingerprint", "metadata.é"),
      measure: fc.constantFrom(...MEASURES),
      window: fc.constantFrom(...WINDOWS),
      completed_only: fc.boolean(),
    } as const,
    { requiredKeys: ["of", "measure", "window"] },
  )
  .filter(({ of, measure }) => of !== "customer" || measure !== "customers")
  .filter(({ measure, completed_only }) => measure !== "declined_percent" || !completed_only);
const velocityCondition: fc.Arbitrary<Condition> = velocity.chain((one) =>
  fc.record({
    velocity: fc.constant(one),
    above: one.measure === "sum" ? amount : fc.integer({ min: 0, max: 99 }),
  }),
);

const leaf: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ amount: fc.record({ above: decimal }), currency }, { requiredKeys: ["amount"] }),
  fc.record({ amount: fc.record({ multiple_of: amount }) }),
  fc.record({ amount: fc.record({ above: byCurrency }) }),
  fc.record({ currency: fc.array(currency, { minLength: 1, maxLength: 3 }) }),
  velocityCondition,
  fc.record({ customer_age: fc.record({ below_s: fc.integer({ min: 1, max: MAX_AGE_S }) }) }),
  fc.record({ metadata: name, in: fc.array(name, { minLength: 1, maxLength: 3 }) }),
  fc.record({ metadata: name, is_present: fc.boolean() }),
  fc.record({ listed: fc.constantFrom(...LIST_NAMES), field: fc.constantFrom(...LIST_FIELDS) }),
);

const condition: fc.Arbitrary<Condition> = fc.letrec<{ part: Condition }>((tie) => {
  const parts = fc.array(tie("part"), { minLength: 1, maxLength: 2 });
  return {
    part: fc.oneof(
      { maxDepth: 4, depthSize: "small", withCrossShrink: true },
      leaf,
      fc.record({ all: parts }),
      fc.record({ any: parts }),
      fc.record({ not: tie("part") }),
    ),
  };
}).part;

const verdict = fc.oneof(
  fc.record({ points: fc.integer({ min: 1, max: 100 }) }),
  fc.record({ outcome: fc.constantFrom("block", "review", "allow") }),
);
const rules: fc.Arbitrary<Rule[]> = fc
  .array(fc.tuple(verdict, condition, fc.boolean()), { maxLength: 4 })
  .map((parts) =>
    parts.map(([says, when, isShadow], at) => ({
      id: `rule-${at}_x`,
      ...says,
      when,
      ...(isShadow ? { shadow: true } : {}),
    })),
  );

const score = fc.integer({ min: 1, max: 101 });
export const validRuleSet: fc.Arbitrary<RuleSet> = fc.record({
  rules,
  review_score: score,
  block_score: score,
  allow_beats_block: fc.boolean(),
  review_expires_after_s: fc.integer({ min: 1, max: MAX_REVIEW_S }),
  review_expires_to: fc.constantFrom("approve", "reject"),
});
