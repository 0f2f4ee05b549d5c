/** Schemas of rule sets: in requests, in responses, and in openapi.json. */
import { z } from "@hono/zod-openapi";
import {
  DEFAULT_REVIEW_S,
  MAX_POINTS,
  MAX_REVIEW_S,
  MAX_RULE_ID_CHARACTERS,
  MAX_RULES,
  OUT_OF_REACH,
} from "../../../domain/risk/limits";
import { RESERVED_RULE_IDS, type Rule } from "../../../domain/risk/rule-set";
import { containsCardNumber } from "../../../domain/text/card-number";
import {
  CARD,
  CARD_MESSAGE,
  Cursor,
  cursor,
  HasMore,
  limit,
  Time,
} from "../../http/common-schemas";
import { keyedUnion } from "../../http/keyed-union";
import { ReviewDecision } from "../../transactions/decision-schema";
import { ConditionShape, condition } from "./condition";
import { choice, flag, object, whole } from "./fields";
import { findLimitFaults } from "./limits";

const ID_RULE = `must have 1 to ${MAX_RULE_ID_CHARACTERS} characters from a-z, 0-9, - and _, and start with a letter or digit`;
const id = z
  .string(ID_RULE)
  .regex(/^[a-z0-9][a-z0-9_-]*$/, ID_RULE)
  .max(MAX_RULE_ID_CHARACTERS, ID_RULE)
  .refine((name) => !RESERVED_RULE_IDS.some((reserved) => reserved === name), "is reserved")
  .refine((name) => !containsCardNumber(name), { message: CARD_MESSAGE, ...CARD })
  .openapi({ example: "large-amount" });
const points = whole(1, MAX_POINTS).openapi({
  description:
    "Points that the rule adds to the score if it matches. A rule has either `points` or `outcome`.",
  example: 40,
});
const outcome = choice(["block", "review", "allow"]).openapi("RiskRuleOutcome", {
  description: "Decision if the rule matches. A rule has either `outcome` or `points`.",
});
const shadow = flag.openapi({
  description: "Whether the rule is only evaluated and recorded, without affecting the decision.",
  example: true,
});

const rule: z.ZodType<Rule> = keyedUnion("a rule", {
  points: object({ id, points, when: condition, shadow: shadow.exactOptional() }),
  outcome: object({ id, outcome, when: condition, shadow: shadow.exactOptional() }),
});
/** A shadow rule, so that trying the example changes no decision. */
export const EXAMPLE_RULE = {
  id: "large-amount",
  outcome: "review",
  when: { amount: { above: "1000" } },
  shadow: true,
};
/** One flat object, because code generators do not support a choice between objects without a discriminator. */
const RuleShape = z
  .strictObject({
    id,
    points: points.optional(),
    outcome: outcome.optional(),
    when: ConditionShape,
    shadow: shadow.optional(),
  })
  .openapi("RiskRule", {
    description: "A rule has either `points` or `outcome`.",
    minProperties: 3,
    example: EXAMPLE_RULE,
  });

const score = whole(1, OUT_OF_REACH);
const buildRules = <Item extends z.ZodType>(item: Item) =>
  z.array(item, "must be a list of rules").max(MAX_RULES, `must have at most ${MAX_RULES} rules`);
const ALLOW_BEATS = "Whether a rule or list that allows takes precedence over one that blocks.";
const EXPIRES_AFTER =
  "Seconds after which an open review ends with the decision in `review_expires_to`.";
const settings = {
  review_score: score.default(OUT_OF_REACH).openapi({
    example: 50,
    description: `Minimum score for a review. ${OUT_OF_REACH}: never.`,
  }),
  block_score: score.default(70).openapi({
    example: 70,
    description: `Minimum score for a block. ${OUT_OF_REACH}: never.`,
  }),
  allow_beats_block: flag.default(false).openapi({ description: ALLOW_BEATS, example: false }),
  review_expires_after_s: whole(1, MAX_REVIEW_S)
    .default(DEFAULT_REVIEW_S)
    .openapi({ description: EXPIRES_AFTER, example: DEFAULT_REVIEW_S }),
  review_expires_to: ReviewDecision.default("reject"),
};
const version = whole(0, Number.MAX_SAFE_INTEGER).openapi({
  description: "Version that this rule set is based on.",
  example: 0,
});
/** Accepted and ignored, so that a rule set that was read can be changed and sent back. */
const ignoredTime = z.string("must be a time").nullish().openapi({
  description: "Ignored. Accepted so that a rule set can be sent back as it was read.",
  example: "2026-11-22T21:00:00.000Z",
});

function checkLimits({ rules }: { rules: Rule[] }, context: z.RefinementCtx): void {
  for (const fault of findLimitFaults(rules)) context.addIssue({ code: "custom", ...fault });
}

const buildFields = <Item extends z.ZodType>(item: Item) => ({
  rules: buildRules(item),
  ...settings,
  created_at: ignoredTime,
});
/** Parses a new rule set. `version` is the version that it is based on. */
export const newRuleSet = object({ version, ...buildFields(rule) }).superRefine(checkLimits);
export const NewRuleSetBody = z
  .strictObject({ version, ...buildFields(RuleShape) })
  .openapi("ReplaceRiskRules", { example: { version: 0, rules: [EXAMPLE_RULE] } });
/** Parses the rule set of a backtest. Its version is optional and ignored. */
export const candidate = object({ version: version.optional(), ...buildFields(rule) }).superRefine(
  checkLimits,
);
export const CandidateBody = z
  .strictObject({ version: version.optional(), ...buildFields(RuleShape) })
  .openapi("RiskRulesCandidate", { example: { rules: [EXAMPLE_RULE] } });

const responseFields = {
  review_score: score.openapi({ example: 50 }),
  block_score: score.openapi({ example: 70 }),
  allow_beats_block: z.boolean().openapi({ description: ALLOW_BEATS, example: false }),
  review_expires_after_s: z
    .int()
    .openapi({ description: EXPIRES_AFTER, example: DEFAULT_REVIEW_S }),
  review_expires_to: ReviewDecision,
};
export const RuleSetResult = z
  .object({
    version: z.int().min(0).openapi({
      description: "Version of the rule set. 0 is the deployment's default.",
      example: 0,
    }),
    rules: z.array(RuleShape),
    ...responseFields,
    created_at: Time.nullable(),
  })
  .openapi("RiskRules");
const RuleSetVersion = z
  .object({
    version: z.int().min(1).openapi({ example: 3 }),
    created_at: Time,
  })
  .openapi("RiskRulesSummary");
export const RuleSetVersionList = z
  .object({ data: z.array(RuleSetVersion), has_more: HasMore, next_cursor: Cursor })
  .openapi("RiskRulesSummaryList");
export const RuleSetVersionsQuery = z.strictObject({ limit, cursor });
export const RulesQuery = z.strictObject({
  version: z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .optional()
    .openapi({
      type: "integer",
      minimum: 0,
      description: "Version to return. Default: the current one.",
      example: 1,
    }),
});
