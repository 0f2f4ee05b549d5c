/** The route that tries a rule set on payments that were decided before. It reads, and changes nothing. */
import { z } from "@hono/zod-openapi";
import { databaseOf } from "../database/ask";
import { listTransactions } from "../database/transactions";
import { backtestReport, type StoredDecision } from "../domain/risk/backtest-report";
import { DECISIONS } from "../domain/risk/evaluate";
import { answerJson } from "./answer";
import { authenticate } from "./authenticate";
import type { AppContext } from "./context";
import { formatListCursor, parseListCursor } from "./cursor";
import { Cursor, cursor, time } from "./fields";
import { type App, BODY_PROBLEMS, jsonBody, operation } from "./operation";
import { readBody } from "./read";
import { object, whole } from "./risk-fields";
import { CandidateBody, candidate } from "./risk-schema";
import { RiskReason } from "./schema";

/** Some megabytes from D1 and less than a second of work. Whoever wants more asks for the next page. */
const MAX_EXAMINED = 1_000;

const range = {
  created_after: time,
  created_before: time,
  limit: whole(1, MAX_EXAMINED).default(MAX_EXAMINED),
  cursor,
};
const backtest = object({ rule_set: candidate, ...range });
const BacktestBody = z
  .strictObject({ rule_set: CandidateBody, ...range })
  .openapi("BacktestRiskRules");

const count = z.int().min(0);
const counts = z.record(z.string(), count);
const judged = z.object({ decision: z.enum(DECISIONS), fraud_score: count });
const BacktestAnswer = z
  .object({
    examined: count,
    unchanged: count,
    changed: counts.openapi({ example: { approve_to_block: 3 } }),
    undecidable: count.openapi({
      description: "Their decision hangs on signals that were not frozen with them.",
    }),
    lacking: counts.openapi({
      description: "Payments without a signal that the rule set looks at, by signal.",
    }),
    hits: counts.openapi({ description: "Payments that a rule holds for, by rule." }),
    examples: z.array(
      z.object({
        transaction_id: z.string(),
        before: judged,
        after: judged,
        reasons: z.array(RiskReason),
      }),
    ),
    has_more: z.boolean(),
    next_cursor: Cursor,
  })
  .openapi("RiskBacktest");

export function riskBacktestRoute(app: App): void {
  operation(app, {
    method: "post",
    path: "/api/v1/risk/backtest",
    summary: "Try a rule set on earlier payments",
    description:
      "Decides stored payments again, newest first, from the signals that were frozen with them. Nothing is changed. Every number is of this page; add the pages up.",
    tag: "Risk",
    security: "api_key",
    request: { body: jsonBody(BacktestBody) },
    answers: { 200: { description: "What would have been different.", schema: BacktestAnswer } },
    problems: [...BODY_PROBLEMS, "card_number_refused"],
    before: [authenticate("risk:read")],
    handle: run,
  });
}

async function run(c: AppContext): Promise<Response> {
  const { rule_set, limit, cursor, ...filter } = await readBody(c, backtest);
  const after = cursor === undefined ? undefined : parseListCursor(cursor);
  const db = databaseOf(c.env.DB);
  const page = await listTransactions(db, c.get("merchant_id"), filter, after, limit);
  // A decision never changes, so the newest event has it as well as the first.
  const stored = page.items.map((text) => JSON.parse(text) as StoredDecision); // We wrote them.
  const { version: _, created_at: __, ...candidateRules } = rule_set;
  return answerJson(c, 200, {
    ...backtestReport(stored, candidateRules),
    has_more: page.hasMore,
    next_cursor: page.next ? formatListCursor(page.next) : null,
  });
}
