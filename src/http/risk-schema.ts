/** The shapes of fraud rules: a rule set as it is sent, checked and answered. */
import { z } from "@hono/zod-openapi";
import { containsCardNumber } from "../domain/card-number";
import {
  DEFAULT_REVIEW_S,
  MAX_POINTS,
  MAX_REVIEW_S,
  MAX_RULE_ID_CHARACTERS,
  MAX_RULES,
  OUT_OF_REACH,
} from "../domain/risk/limits";
import { RESERVED_RULE_IDS, type Rule } from "../domain/risk/rule-set";
import { byMember } from "./by-member";
import { CARD, CARD_MESSAGE, Time } from "./fields";
import { ConditionShape, condition } from "./risk-condition";
import { choice, flag, object, whole } from "./risk-fields";
import { limitFaults } from "./risk-limits";

const ID_RULE = `must be 1 to ${MAX_RULE_ID_CHARACTERS} of a-z, 0-9, - and _, and start with a letter or digit`;
const id = z
  .string(ID_RULE)
  .regex(/^[a-z0-9][a-z0-9_-]*$/, ID_RULE)
  .max(MAX_RULE_ID_CHARACTERS, ID_RULE)
  .refine(
    (name) => !RESERVED_RULE_IDS.some((reserved) => reserved === name),
    "is the name of a list's reason",
  )
  .refine((name) => !containsCardNumber(name), { message: CARD_MESSAGE, ...CARD })
  .openapi({ example: "many-customers-on-one-ip" });
const points = whole(1, MAX_POINTS);
const outcome = choice(["block", "review", "allow"]);
const shadow = flag.openapi({ description: "Evaluated and recorded, and changes nothing." });

const rule: z.ZodType<Rule> = byMember("a rule", {
  points: object({ id, points, when: condition, shadow: shadow.exactOptional() }),
  outcome: object({ id, outcome, when: condition, shadow: shadow.exactOptional() }),
});
const RuleShape = z
  .union([
    z.strictObject({ id, points, when: ConditionShape, shadow: shadow.optional() }),
    z.strictObject({ id, outcome, when: ConditionShape, shadow: shadow.optional() }),
  ])
  .openapi("RiskRule");

const score = whole(1, OUT_OF_REACH);
const rulesOf = <Item extends z.ZodType>(item: Item) =>
  z.array(item, "must be a list of rules").max(MAX_RULES, `must have at most ${MAX_RULES} rules`);
const settings = {
  review_score: score.default(OUT_OF_REACH).openapi({
    description: `From this score on a payment is reviewed; ${OUT_OF_REACH}: never.`,
  }),
  block_score: score.default(70).openapi({
    description: `From this score on a payment is blocked; ${OUT_OF_REACH}: never.`,
  }),
  allow_beats_block: flag.default(false),
  review_expires_after_s: whole(1, MAX_REVIEW_S).default(DEFAULT_REVIEW_S),
  review_expires_to: choice(["approve", "reject"]).default("reject"),
};
const version = whole(0, Number.MAX_SAFE_INTEGER);
/** Taken, so that what was read can be changed and sent back, and not looked at. */
const ignoredTime = z.string("must be a time").nullish();

function checkLimits({ rules }: { rules: Rule[] }, context: z.RefinementCtx): void {
  for (const fault of limitFaults(rules)) context.addIssue({ code: "custom", ...fault });
}

const sent = <Item extends z.ZodType>(item: Item) => ({
  rules: rulesOf(item),
  ...settings,
  created_at: ignoredTime,
});
/** A new rule set as checked. `version` is the one that was read. */
export const newRuleSet = object({ version, ...sent(rule) }).superRefine(checkLimits);
export const NewRuleSetBody = z
  .strictObject({ version, ...sent(RuleShape) })
  .openapi("PutRiskRules");
/** A rule set on trial, which has no version, or that of the one it was made from. */
export const candidate = object({ version: version.optional(), ...sent(rule) }).superRefine(
  checkLimits,
);
export const CandidateBody = z
  .strictObject({ version: version.optional(), ...sent(RuleShape) })
  .openapi("RiskRulesCandidate");

const answered = {
  review_score: score,
  block_score: score,
  allow_beats_block: z.boolean(),
  review_expires_after_s: z.int(),
  review_expires_to: z.enum(["approve", "reject"]),
};
export const RuleSetAnswer = z
  .object({
    version: z.int().min(0).openapi({ description: "0: the deployment's default." }),
    rules: z.array(RuleShape),
    ...answered,
    created_at: Time.nullable(),
  })
  .openapi("RiskRules");
export const RulesQuery = z.strictObject({
  version: z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .optional()
    .openapi({ type: "integer", minimum: 0, description: "An earlier version." }),
});
