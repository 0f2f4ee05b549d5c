/** The route that evaluates a rule set on stored payments. It changes nothing. */
import { z } from "@hono/zod-openapi";
import { BacktestTally } from "../../domain/risk/backtest/backtest-report";
import { type ExclusiveTask, exclusiveTask } from "../../rate-limit/client";
import { readOwnBook } from "../books/own-book";
import type { AppContext } from "../context";
import { Cursor, cursor, HasMore } from "../http/common-schemas";
import { createdBody, parseBodyRange } from "../http/created-range";
import { formatListCursor, parseListCursor } from "../http/cursor";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { Problem } from "../http/problem";
import { jsonResponse } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { consumeMore } from "../middleware/rate-limit";
import { RiskDecision, RiskReason } from "../transactions/decision-schema";
import { refreshBookFor } from "../transactions/owner";
import { backtestCost, listPayments, tallyDecisions } from "./run-backtest";
import { object, whole } from "./schemas/fields";
import { countConditions } from "./schemas/limits";
import { CandidateBody, candidate, EXAMPLE_RULE } from "./schemas/rule-set";

/** Less than a second of work for any rules. */
const MAX_EXAMINED = 1_000;
/** A backtest that does not renew its lock for this long has ended: its isolate failed or its client disconnected. */
const HOLD_MS = 10_000;
/** The lock is renewed before a read of D1, which takes at most five seconds, but not more often than this: each
 *  renewal is a commit of the keeper. */
const RENEW_AFTER_MS = 2_000;
/** Between two slices of work, other requests run for as long as a slice takes. A pause of 0 would be a single turn of
 *  the event loop, and a payment takes many. */
const PAUSE_MS = 1;
/** The duration of most backtests. */
const BUSY_RETRY_S = 2;

const page = {
  ...createdBody,
  limit: whole(1, MAX_EXAMINED)
    .default(MAX_EXAMINED)
    .openapi({ description: "Maximum number of payments to examine.", example: 100 }),
  cursor,
};
const backtest = object({ rule_set: candidate, ...page }).transform((body, context) => {
  const { rule_set, limit, cursor } = body;
  return { rule_set, limit, cursor, filter: { created: parseBodyRange(body, context) } };
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
export const BacktestResult = z
  .object({
    examined: count,
    unchanged: count,
    changed: counts.openapi({ example: { approve_to_block: 3 } }),
    undecidable: count.openapi({
      description:
        "Number of payments whose decision depends on signals that were not stored with them.",
    }),
    lacking: counts.openapi({
      example: { "customer.count.24h": 3 },
      description: "Number of payments without a signal that the rule set uses, by signal.",
    }),
    hits: counts.openapi({
      description: "Number of payments that match a rule, by rule.",
      example: { "large-amount": 3 },
    }),
    examples: z
      .array(changed)
      .openapi({ description: "Some of the payments with a different decision." }),
    has_more: HasMore,
    next_cursor: Cursor,
  })
  .openapi("RiskBacktest");

export function riskBacktestRoute(app: App): void {
  defineRoute(app, {
    method: "post",
    path: "/api/v1/risk/backtest",
    operationId: "backtestRiskRules",
    summary: "Backtest a rule set",
    description:
      "Evaluates a rule set on stored payments, newest first, using the signals stored with them. Changes nothing. All numbers refer to this page only; add them up over all pages. The request counts as several requests, in proportion to `limit` times the number of conditions. A merchant can run one backtest at a time.",
    tag: "Risk",
    security: "api_key",
    request: { body: { documentedAs: BacktestBody, checkedBy: backtest } },
    responses: {
      200: {
        description: "How the decisions of the rule set differ from the stored ones.",
        schema: BacktestResult,
      },
    },
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
  const lock = exclusiveTask(c.env, merchant_id, "backtest", HOLD_MS);
  await acquire(lock);
  let renewedAtMs = Date.now();
  const renew = async () => {
    if (Date.now() - renewedAtMs < RENEW_AFTER_MS) return;
    renewedAtMs = Date.now();
    await lock.hold().catch(() => undefined);
  };
  try {
    await consumeMore(c, backtestCost(limit, conditions));
    await refreshBookFor(c);
    const next = await tallyDecisions(
      (selection) => readOwnBook(c, (db) => listPayments(db, selection)),
      { merchant_id, filter, after, limit },
      tally,
      conditions,
      () => scheduler.wait(PAUSE_MS),
      renew,
    );
    return jsonResponse(c, 200, {
      ...tally.report(),
      has_more: next !== undefined,
      next_cursor: next ? await formatListCursor(c, next) : null,
    });
  } finally {
    // If this call fails, the lock expires.
    await lock.free().catch(() => undefined);
  }
}

/** @throws Problem if another backtest of the merchant is running, or the keeper is unavailable */
async function acquire(lock: ExclusiveTask): Promise<void> {
  const freeInMs = await lock.hold().catch(() => {
    throw new Problem("unavailable", { detail: "The backtest cannot be started at the moment." });
  });
  if (freeInMs === 0) return;
  throw new Problem("backtest_running", {
    detail: "A merchant can run one backtest at a time. Retry when the current one has finished.",
    headers: { "Retry-After": String(BUSY_RETRY_S) },
  });
}
