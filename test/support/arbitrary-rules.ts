/** Any rules, payments and signals, with values that meet often enough for rules to be hit. */
import fc from "fast-check";
import type { Payment } from "../../src/domain/risk/payment";
import {
  type Condition,
  CUSTOMER_AGE,
  LIST_FIELDS,
  listedName,
  MEASURES,
  type Rule,
  type RuleSet,
  type Signals,
  type Velocity,
  velocityName,
  WINDOWS,
} from "../../src/domain/risk/rule-set";

const CURRENCIES = ["USD", "JPY", "KWD"];
const FIELDS = ["ip", "country"];
const VALUES = ["a", "b", ""];
const SUBJECTS = ["customer", "metadata.ip", "metadata.country"] as const;

const decimal = fc.constantFrom("0.5", "1", "10", "25.005", "100", "5000");
const amount = fc.oneof(
  decimal,
  fc.dictionary(fc.constantFrom(...CURRENCIES), decimal, { minKeys: 1 }),
);
const small = fc.integer({ min: 0, max: 6 });

const velocity: fc.Arbitrary<Velocity> = fc.record(
  {
    of: fc.constantFrom(...SUBJECTS),
    measure: fc.constantFrom(...MEASURES),
    window: fc.constantFrom(...WINDOWS),
    completed_only: fc.boolean(),
  },
  { requiredKeys: ["of", "measure", "window"] },
);

const leaf: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ amount: fc.record({ above: amount }) }),
  fc.record({
    amount: fc.record({ multiple_of: decimal }),
    currency: fc.constantFrom(...CURRENCIES),
  }),
  fc.record({ currency: fc.subarray(CURRENCIES) }),
  velocity.chain((one) =>
    fc.record({ velocity: fc.constant(one), above: one.measure === "sum" ? amount : small }),
  ),
  fc.record({ customer_age: fc.record({ below_s: small }) }),
  fc.record({ metadata: fc.constantFrom(...FIELDS), in: fc.subarray(VALUES) }),
  fc.record({ metadata: fc.constantFrom(...FIELDS), is_present: fc.boolean() }),
  fc.record({
    listed: fc.constantFrom("allow", "block"),
    field: fc.constantFrom(...LIST_FIELDS),
  }),
);

export const condition: fc.Arbitrary<Condition> = fc.letrec<{ part: Condition }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3, depthSize: "small", withCrossShrink: true },
    leaf,
    fc.record({ all: fc.array(tie("part"), { maxLength: 3 }) }),
    fc.record({ any: fc.array(tie("part"), { maxLength: 3 }) }),
    fc.record({ not: tie("part") }),
  ),
})).part;

const verdict = fc.oneof(
  { weight: 3, arbitrary: fc.record({ points: fc.integer({ min: -100, max: 100 }) }) },
  fc.record({ outcome: fc.constantFrom("block", "review", "allow") }),
);

const rules: fc.Arbitrary<Rule[]> = fc
  .array(fc.tuple(verdict, condition, fc.boolean()), { maxLength: 8 })
  .map((parts) =>
    parts.map(([says, when, shadow], index) => ({ id: `rule_${index}`, ...says, when, shadow })),
  );

export const ruleSet: fc.Arbitrary<RuleSet> = fc.record({
  rules,
  review_score: fc.integer({ min: 1, max: 101 }),
  block_score: fc.integer({ min: 1, max: 101 }),
  allow_beats_block: fc.boolean(),
  review_expires_after_s: fc.integer({ min: 60, max: 604_800 }),
  review_expires_to: fc.constantFrom("approve", "reject"),
});

export const payment: fc.Arbitrary<Payment> = fc.record({
  amount_minor: fc.oneof(
    fc.integer({ min: 1, max: 20_000 }),
    fc.integer({ min: 1, max: 999_999_999_999_999 }),
  ),
  currency: fc.constantFrom(...CURRENCIES),
  user_id: fc.constantFrom("user_1", "user_2"),
  metadata: fc.dictionary(fc.constantFrom(...FIELDS), fc.constantFrom(...VALUES)),
});

const names: string[] = [
  CUSTOMER_AGE,
  ...SUBJECTS.flatMap((of) =>
    MEASURES.flatMap((measure) =>
      WINDOWS.flatMap((window) => [
        velocityName({ of, measure, window }),
        velocityName({ of, measure, window, completed_only: true }),
      ]),
    ),
  ),
];

/** Every signal there is, with lists that say yes now and then. */
export const allSignals: fc.Arbitrary<Signals> = fc
  .tuple(
    fc.array(small, { minLength: names.length, maxLength: names.length }),
    fc.subarray(
      LIST_FIELDS.flatMap((field) => [listedName("block", field), listedName("allow", field)]),
      { maxLength: 2 },
    ),
  )
  .map(([values, listed]) => ({
    ...Object.fromEntries(names.map((name, index) => [name, values[index] ?? 0])),
    ...Object.fromEntries(listed.map((name) => [name, 1])),
  }));

/** Some signals, as when a rule set requires signals that were never gathered. */
export const someSignals: fc.Arbitrary<Signals> = fc
  .tuple(allSignals, fc.subarray(names))
  .map(([signals, without]) => {
    const dropped = new Set(without);
    return Object.fromEntries(Object.entries(signals).filter(([name]) => !dropped.has(name)));
  });
