/** The route that tries a rule set on payments that were decided before. It reads, and changes nothing. */
import { z } from "@hono/zod-openapi";
import { type Database, databaseOf } from "../database/ask";
import { type ListFilter, type ListPlace, listTransactions } from "../database/transactions";
import { backtestReport, type StoredDecision } from "../domain/risk/backtest-report";
import { DECISIONS } from "../domain/risk/evaluate";
import { answerJson } from "./answer";
import { authenticate } from "./authenticate";
import type { AppContext } from "./context";
import { createdBody, rangeOfBody } from "./created-range";
import { formatListCursor, parseListCursor } from "./cursor";
import { Cursor, cursor } from "./fields";
import { type App, BODY_PROBLEMS, jsonBody, operation } from "./operation";
import { readBody } from "./read";
import { object, whole } from "./risk-fields";
import { CandidateBody, candidate } from "./risk-schema";
import { RiskReason } from "./schema";

/** Less than a second of work, whatever the rules are. Whoever wants more asks for the next page. */
const MAX_EXAMINED = 1_000;
/** Payments of one read of the book: mostly a tenth of a megabyte, and eight when all are as large as can be. */
const READ_PAYMENTS = 100;
/** Text of payments after which a page ends early, so that it has room in an isolate. */
const MAX_CHARACTERS = 8_000_000;

const page = {
  ...createdBody,
  limit: whole(1, MAX_EXAMINED).default(MAX_EXAMINED),
  cursor,
};
const backtest = object({ rule_set: candidate, ...page }).transform((body, context) => {
  const { rule_set, limit, cursor } = body;
  return { rule_set, limit, cursor, filter: { created: rangeOfBody(body, context) } };
});
const BacktestBody = z
  .strictObject({ rule_set: CandidateBody, ...page })
  .openapi("BacktestRiskRules");

const count = z.int().min(0);
const counts = z.record(z.string(), count);
const judged = z.object({ decision: z.enum(DECISIONS), fraud_score: count });
export const BacktestAnswer = z
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
  const { rule_set, limit, cursor, filter } = await readBody(c, backtest);
  const after = cursor === undefined ? undefined : parseListCursor(cursor);
  const db = databaseOf(c.env.DB);
  const { stored, next } = await readDecisions(db, c.get("merchant_id"), filter, after, limit);
  const { version: _, created_at: __, ...candidateRules } = rule_set;
  return answerJson(c, 200, {
    ...backtestReport(stored, candidateRules),
    has_more: next !== undefined,
    next_cursor: next ? formatListCursor(next) : null,
  });
}

/** A page of decisions, read piece by piece. @returns with it where the next page begins, if there is one. */
async function readDecisions(
  db: Database,
  merchantId: string,
  filter: ListFilter,
  after: ListPlace | undefined,
  limit: number,
): Promise<{ stored: StoredDecision[]; next: ListPlace | undefined }> {
  const stored: StoredDecision[] = [];
  let characters = 0;
  let next = after;
  do {
    const rows = Math.min(READ_PAYMENTS, limit - stored.length);
    const page = await listTransactions(db, merchantId, filter, next, rows);
    for (const text of page.items) {
      characters += text.length;
      // A decision never changes, so the newest event has it as well as the first. We wrote it.
      stored.push(JSON.parse(text) as StoredDecision);
    }
    next = page.next;
  } while (next && stored.length < limit && characters < MAX_CHARACTERS);
  return { stored, next };
}
