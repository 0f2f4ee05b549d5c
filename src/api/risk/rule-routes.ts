/** The routes of a merchant's fraud rules: read any version of them, and write the next one. */
import type { z } from "@hono/zod-openapi";
import { openDatabase } from "../../d1/query";
import { findRuleSet, readRuleSet, type StoredRuleSet, writeRuleSet } from "../../d1/risk-rules";
import type { AppContext } from "../context";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { Problem } from "../http/problem";
import { jsonResponse, timeText } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { NewRuleSetBody, newRuleSet, RuleSetAnswer, RulesQuery } from "./schemas/rule-set";

const PATH = "/api/v1/risk/rules";

export function riskRuleRoutes(app: App): void {
  defineRoute(app, {
    method: "get",
    path: PATH,
    operationId: "getRiskRules",
    summary: "Get the fraud rules",
    description: "Those in force, or an earlier version, which is what a decision names.",
    tag: "Risk",
    security: "api_key",
    request: { query: RulesQuery },
    answers: { 200: { description: "The rule set.", schema: RuleSetAnswer } },
    problems: ["invalid_request", "rule_set_not_found"],
    before: [authenticate("risk:read")],
    handle: async (c, { query: { version } }) => {
      const found = version === undefined ? await current(c) : await earlier(c, version);
      if (!found) throw new Problem("rule_set_not_found");
      return jsonResponse(c, 200, shownRuleSet(found));
    },
  });
  defineRoute(app, {
    method: "put",
    path: PATH,
    operationId: "replaceRiskRules",
    summary: "Change the fraud rules",
    description:
      "All of them at once, as the next version. `version` is the one that was read: of two who have read the same one, the second is told so. In force for every payment within seconds.",
    tag: "Risk",
    security: "api_key",
    request: { body: { documentedAs: NewRuleSetBody, checkedBy: newRuleSet } },
    answers: { 200: { description: "The rule set with its new version.", schema: RuleSetAnswer } },
    problems: [...BODY_PROBLEMS, "card_number_refused", "rule_set_version_conflict"],
    before: [authenticate("risk:write")],
    handle: write,
  });
}

async function write(
  c: AppContext,
  { body }: { body: z.output<typeof newRuleSet> },
): Promise<Response> {
  // The time is not kept: it was only sent back.
  const { version, created_at: _, ...ruleSet } = body;
  const db = openDatabase(c.env.DB);
  const written = await writeRuleSet(db, c.get("merchant_id"), version, ruleSet, Date.now());
  if (!written.ok) {
    throw new Problem("rule_set_version_conflict", {
      detail: `The current version is ${written.current_version}, not ${version}.`,
      errors: [{ pointer: "#/version", message: "is not the current version" }],
    });
  }
  return jsonResponse(c, 200, shownRuleSet(written.stored));
}

type Shown = Omit<StoredRuleSet, "created_at"> & { created_at: number | null };

/** The rules of a merchant who has made none. */
function defaultOf(c: AppContext): Shown {
  return { ...c.get("config").default_rules, created_at: null };
}

async function current(c: AppContext): Promise<Shown> {
  return (await readRuleSet(openDatabase(c.env.DB), c.get("merchant_id"))) ?? defaultOf(c);
}

async function earlier(c: AppContext, version: number): Promise<Shown | undefined> {
  if (version === 0) return defaultOf(c);
  return findRuleSet(openDatabase(c.env.DB), c.get("merchant_id"), version);
}

function shownRuleSet({ version, rule_set, created_at }: Shown) {
  return {
    version,
    ...rule_set,
    created_at: created_at === null ? null : timeText(created_at),
  };
}
