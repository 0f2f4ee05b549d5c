/** Routes of a merchant's fraud rules: read a version, and write the next one. */
import type { z } from "@hono/zod-openapi";
import { openDatabase } from "../../d1/query";
import {
  findRuleSet,
  listRuleSetVersions,
  readRuleSet,
  type StoredRuleSet,
  writeRuleSet,
} from "../../d1/risk/risk-rules";
import { formatTime } from "../../domain/time/format-time";
import type { AppContext } from "../context";
import { formatPositionCursor, parsePositionCursor } from "../http/cursor";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { Problem } from "../http/problem";
import { jsonResponse, pageResponse } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import {
  NewRuleSetBody,
  newRuleSet,
  RuleSetResult,
  RuleSetVersionList,
  RuleSetVersionsQuery,
  RulesQuery,
} from "./schemas/rule-set";

const PATH = "/api/v1/risk/rules";

export function riskRuleRoutes(app: App): void {
  defineRoute(app, {
    method: "get",
    path: PATH,
    operationId: "getRiskRules",
    summary: "Get the fraud rules",
    description:
      "Returns the current version, or an earlier one. Each decision names the version it was made with.",
    tag: "Risk",
    security: "api_key",
    request: { query: RulesQuery },
    responses: { 200: { description: "The rule set.", schema: RuleSetResult } },
    problems: ["invalid_request", "rule_set_not_found"],
    before: [authenticate("risk:read")],
    handle: async (c, { query: { version } }) => {
      const found = version === undefined ? await readCurrent(c) : await readVersion(c, version);
      if (!found) throw new Problem("rule_set_not_found");
      return jsonResponse(c, 200, toRuleSetJson(found));
    },
  });
  defineRoute(app, {
    method: "put",
    path: PATH,
    operationId: "replaceRiskRules",
    summary: "Replace the fraud rules",
    description:
      "Replaces the whole rule set and increases its version. `version` must be the current version, so that concurrent changes are not lost; otherwise the request fails with `rule_set_version_conflict`. Takes effect within seconds.",
    tag: "Risk",
    security: "api_key",
    request: { body: { documentedAs: NewRuleSetBody, checkedBy: newRuleSet } },
    responses: { 200: { description: "The new version of the rule set.", schema: RuleSetResult } },
    problems: [...BODY_PROBLEMS, "card_number_refused", "rule_set_version_conflict"],
    before: [authenticate("risk:write")],
    handle: write,
  });
  defineRoute(app, {
    method: "get",
    path: `${PATH}/versions`,
    operationId: "listRiskRulesVersions",
    summary: "List the versions of the fraud rules",
    description:
      "Returns the merchant's own versions newest first, without their rules: get one with `version`. The last 1,000 are kept. Version 0, the deployment's default, is not included.",
    tag: "Risk",
    security: "api_key",
    request: { query: RuleSetVersionsQuery },
    responses: { 200: { description: "A page of versions.", schema: RuleSetVersionList } },
    problems: ["invalid_request"],
    before: [authenticate("risk:read", "list")],
    handle: listVersions,
  });
}

/** The merchant's list of versions. */
async function listVersions(
  c: AppContext,
  { query: { limit, cursor } }: { query: z.output<typeof RuleSetVersionsQuery> },
): Promise<Response> {
  const before =
    cursor === undefined ? undefined : await parsePositionCursor(c, "rule_set", cursor);
  const db = openDatabase(c.env.DB);
  const found = await listRuleSetVersions(db, c.get("merchant_id"), before, limit + 1);
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const hasMore = found.length > limit;
  return pageResponse(
    c,
    page.map(({ version, created_at }) =>
      JSON.stringify({ version, created_at: formatTime(created_at) }),
    ),
    hasMore,
    hasMore && last ? await formatPositionCursor(c, "rule_set", last.version) : undefined,
  );
}

async function write(
  c: AppContext,
  { body }: { body: z.output<typeof newRuleSet> },
): Promise<Response> {
  // created_at is ignored, so that a rule set that was read can be sent back.
  const { version, created_at: _, ...ruleSet } = body;
  const db = openDatabase(c.env.DB);
  const written = await writeRuleSet(db, c.get("merchant_id"), version, ruleSet, Date.now());
  if (!written.ok) {
    throw new Problem("rule_set_version_conflict", {
      detail: `The current version is ${written.current_version}, not ${version}.`,
      errors: [{ pointer: "#/version", message: "is not the current version" }],
    });
  }
  return jsonResponse(c, 200, toRuleSetJson(written.stored));
}

type AnyRuleSet = Omit<StoredRuleSet, "created_at"> & { created_at: number | null };

/** The rule set of a merchant that has none of its own. */
function readDefault(c: AppContext): AnyRuleSet {
  return { ...c.get("config").default_rules, created_at: null };
}

async function readCurrent(c: AppContext): Promise<AnyRuleSet> {
  return (await readRuleSet(openDatabase(c.env.DB), c.get("merchant_id"))) ?? readDefault(c);
}

async function readVersion(c: AppContext, version: number): Promise<AnyRuleSet | undefined> {
  if (version === 0) return readDefault(c);
  return findRuleSet(openDatabase(c.env.DB), c.get("merchant_id"), version);
}

function toRuleSetJson({ version, rule_set, created_at }: AnyRuleSet) {
  return {
    version,
    ...rule_set,
    created_at: created_at === null ? null : formatTime(created_at),
  };
}
