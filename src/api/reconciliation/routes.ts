/** `GET /operations/reconciliation/stripe`: compares Stripe's books with ours, a page at a time. Changes nothing. */
import type { z } from "@hono/zod-openapi";
import { connectToRead, StripeUnavailable } from "../../processor/stripe/reads";
import { RecordsRefused } from "../../transactions/client";
import type { AppContext } from "../context";
import { openOperatorCursor, sealOperatorCursor } from "../http/cursor";
import { type App, defineRoute } from "../http/define-route";
import { Problem } from "../http/problem";
import { jsonResponse } from "../http/response";
import { authenticateAdmin } from "../middleware/authenticate";
import { toProblem } from "../transactions/refusal-problem";
import { ReconciliationPage, ReconciliationQuery } from "./schemas";
import { comparePage, type PageOfDifferences, type Place, type Range } from "./steps";

export function reconciliationRoutes(app: App): void {
  defineRoute(app, {
    method: "get",
    path: "/api/v1/operations/reconciliation/stripe",
    operationId: "reconcileStripe",
    summary: "Compare the books with those of Stripe",
    description:
      "Compares each balance transaction of Stripe in a range with the transaction or refund that it belongs to, and then looks up each payment and each refund of the range at Stripe. Returns the differences, a page at a time; a page without differences has an empty `data`. Changes nothing. For deployments with `PROCESSOR=stripe`.",
    tag: "Operations",
    security: "admin_token",
    before: [authenticateAdmin],
    request: { query: ReconciliationQuery },
    responses: { 200: { description: "A page of differences.", schema: ReconciliationPage } },
    problems: ["invalid_request", "not_found", "shard_count_changed"],
    handle: (c, { query }) => reconcile(c, query),
  });
}

async function reconcile(
  c: AppContext,
  { from, to, cursor, limit }: z.output<typeof ReconciliationQuery>,
): Promise<Response> {
  const { processor } = c.get("config");
  if (processor.kind !== "stripe") {
    throw new Problem("not_found", { detail: "The deployment's processor is not Stripe." });
  }
  const range = { from_ms: from.ceil_ms, to_ms: to.ceil_ms };
  const context = `reconciliation ${range.from_ms} ${range.to_ms}`;
  const place =
    cursor === undefined ? START : parsePlace(await openOperatorCursor(c, cursor, context));
  const page = await compare(c, await connectToRead(processor), range, place, limit);
  const { differences, compared, next } = page;
  const counts = { balance_transactions: 0, payments: 0, refunds: 0 };
  counts[place.step === "balance" ? "balance_transactions" : place.step] = compared;
  return jsonResponse(c, 200, {
    data: differences,
    compared: counts,
    has_more: next !== undefined,
    next_cursor: next ? await sealOperatorCursor(c, formatPlace(next), context) : null,
  });
}

async function compare(
  c: AppContext,
  stripe: Awaited<ReturnType<typeof connectToRead>>,
  range: Range,
  place: Place,
  limit: number,
): Promise<PageOfDifferences> {
  try {
    return await comparePage(c, stripe, range, place, limit);
  } catch (fault) {
    if (fault instanceof StripeUnavailable) {
      throw new Problem("unavailable", { detail: `${fault.message}. Retry the request.` });
    }
    if (fault instanceof RecordsRefused) throw toProblem(fault.refusal);
    throw fault;
  }
}

const START: Place = { step: "balance", after: undefined };

/** A place as the text of a cursor. No id and no time has a space. */
function formatPlace(place: Place): string {
  if (place.step === "balance") return `balance ${place.after ?? ""}`;
  const { merchant_id = "", created_at = "", id = "" } = place.after ?? {};
  return `${place.step} ${merchant_id} ${created_at} ${id}`;
}

/** @param text as `formatPlace` has made it: cursors are sealed */
function parsePlace(text: string): Place {
  const [step = "", first = "", created_at = "", id = ""] = text.split(" ");
  if (step === "balance") return { step, after: first || undefined };
  const after = first === "" ? undefined : { merchant_id: first, created_at, id };
  return { step: step === "payments" ? step : "refunds", after };
}
