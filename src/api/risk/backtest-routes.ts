/** The route that tries a rule set on payments that were decided before. It reads, and changes nothing. */
import { z } from "@hono/zod-openapi";
import { openDatabase } from "../../d1/query";
import { BacktestTally } from "../../domain/risk/backtest/backtest-report";
import { type ExclusiveTask, exclusiveTask } from "../../rate-limit/client";
import type { AppContext } from "../context";
import { Cursor, cursor, HasMore } from "../http/common-schemas";
import { createdBody, rangeOfBody } from "../http/created-range";
import { formatListCursor, parseListCursor } from "../http/cursor";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { Problem } from "../http/problem";
import { jsonResponse } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { consumeMore } from "../middleware/rate-limit";
import { RiskDecision, RiskReason } from "../transactions/decision-schema";
import { backtestCost, tallyDecisions } from "./run-backtest";
import { object, whole } from "./schemas/fields";
import { countConditions } from "./schemas/limits";
import { CandidateBody, candidate, EXAMPLE_RULE } from "./schemas/rule-set";

/** Less than a second of work, whatever the rules are. Whoever wants more asks for the next page. */
const MAX_EXAMINED = 1_000;
/** After so long without a word a backtest has died, or its client has hung up. */
const HOLD_MS = 10_000;
/** It says a word before a read of the book, which takes five seconds at most, when the last was so long ago. Each is
 *  a commit of the keeper's. */
const SAY_AFTER_MS = 2_000;
/** Between two slices of its work others have as long as a slice takes. Without a length it would be a single turn,
 *  and a payment takes many. */
const PAUSE_MS = 1;
/** As long as most backtests take. */
const BUSY_RETRY_S = 2;

const page = {
  ...createdBody,
  limit: whole(1, MAX_EXAMINED)
    .default(MAX_EXAMINED)
    .openapi({ description: "How many payments a page looks at.", example: 100 }),
  cursor,
};
const backtest = object({ rule_set: candidate, ...page }).transform((body, context) => {
  const { rule_set, limit, cursor } = body;
  return { rule_set, limit, cursor, filter: { created: rangeOfBody(body, context) } };
});
const BacktestBody = z
  .strictObject({ rule_set: CandidateBody, ...page })
  .openapi("BacktestRiskRules", { example: { rule_set: { rules: [EXAMPLE_RULE] }, limit: 100 } });

const count = z.int().min(0).openapi({ example: 3 });
const counts = z.record(z.string(), count);
const judged = z
  .object({
    decision: RiskDecision,
    fraud_score: z.int().min(0).max(100).openapi({ example: 70 }),
  })
  .openapi("RiskJudgement");
const changed = z
  .object({
    transaction_id: z.string().openapi({ example: "txn_mfzwizlhn5xgs3dpnrsw45dfoi" }),
    before: judged,
    after: judged,
    reasons: z.array(RiskReason),
  })
  .openapi("RiskBacktestExample");
export const BacktestAnswer = z
  .object({
    examined: count,
    unchanged: count,
    changed: counts.openapi({ example: { approve_to_block: 3 } }),
    undecidable: count.openapi({
      description: "Their decision hangs on signals that were not frozen with them.",
    }),
    lacking: counts.openapi({
      example: { "customer.count.24h": 3 },
      description: "Payments without a signal that the rule set looks at, by signal.",
    }),
    hits: counts.openapi({
      description: "Payments that a rule holds for, by rule.",
      example: { "large-amount": 3 },
    }),
    examples: z.array(changed).openapi({ description: "Some of the payments that changed." }),
    has_more: HasMore,
    next_cursor: Cursor,
  })
  .openapi("RiskBacktest");

export function riskBacktestRoute(app: App): void {
  defineRoute(app, {
    method: "post",
    path: "/api/v1/risk/backtest",
    operationId: "backtestRiskRules",
    summary: "Try a rule set on earlier payments",
    description:
      "Decides stored payments again, newest first, from the signals that were frozen with them. Nothing is changed. Every number is of this page; add the pages up. Counts as more than one request, in proportion to `limit` times the conditions of the rule set, and a merchant may run one at a time.",
    tag: "Risk",
    security: "api_key",
    request: { body: { documentedAs: BacktestBody, checkedBy: backtest } },
    answers: { 200: { description: "What would have been different.", schema: BacktestAnswer } },
    problems: [...BODY_PROBLEMS, "card_number_refused", "backtest_running"],
    before: [authenticate("risk:read")],
    handle: run,
  });
}

async function run(
  c: AppContext,
  { body: { rule_set, limit, cursor, filter } }: { body: z.output<typeof backtest> },
): Promise<Response> {
  const after =
    cursor === undefined ? undefined : await parseListCursor(c, cursor, { pointer: "#/cursor" });
  const { version: _, created_at: __, ...candidateRules } = rule_set;
  const merchant_id = c.get("merchant_id");
  const conditions = countConditions(candidateRules.rules);
  const tally = new BacktestTally(candidateRules);
  const turn = exclusiveTask(c.env, merchant_id, "backtest", HOLD_MS);
  await begin(turn);
  let saidAtMs = Date.now();
  const goOn = async () => {
    if (Date.now() - saidAtMs < SAY_AFTER_MS) return;
    saidAtMs = Date.now();
    await turn.hold().catch(() => undefined);
  };
  try {
    await consumeMore(c, backtestCost(limit, conditions));
    const next = await tallyDecisions(
      openDatabase(c.env.DB),
      { merchant_id, filter, after, limit },
      tally,
      conditions,
      () => scheduler.wait(PAUSE_MS),
      goOn,
    );
    return jsonResponse(c, 200, {
      ...tally.report(),
      has_more: next !== undefined,
      next_cursor: next ? await formatListCursor(c, next) : null,
    });
  } finally {
    // Whoever cannot say so any more is forgotten when its time is up.
    await turn.free().catch(() => undefined);
  }
}

/** @throws Problem when another backtest of the merchant is running, or nobody can say */
async function begin(turn: ExclusiveTask): Promise<void> {
  const freeInMs = await turn.hold().catch(() => {
    throw new Problem("unavailable", { detail: "Backtests cannot be counted right now." });
  });
  if (freeInMs === 0) return;
  throw new Problem("backtest_running", {
    detail: "A merchant may run one backtest at a time. Ask again when the other one is done.",
    headers: { "Retry-After": String(BUSY_RETRY_S) },
  });
}
