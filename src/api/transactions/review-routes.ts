/** The route for the decision about a payment that the fraud rules hold for review. */
import type { z } from "@hono/zod-openapi";
import type { Precondition } from "../../domain/transaction/decisions/precondition";
import type { AppContext } from "../context";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { jsonTextResponse } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { ReviewBody } from "./decision-schema";
import { ifMatchHeaders } from "./if-match";
import { callOwner, requireAccepted, transactionParams } from "./owner";
import { Transaction } from "./schemas";
import { transactionHeaders } from "./transaction-headers";

export function reviewRoutes(app: App): void {
  defineRoute(app, {
    method: "post",
    path: "/api/v1/transactions/{id}/review",
    operationId: "reviewTransaction",
    summary: "Approve or reject a transaction in review",
    description:
      "An approved transaction becomes `pending` and can be processed; a rejected one becomes `failed`. Safe to retry: repeating the decision changes nothing, and the opposite decision is refused.",
    tag: "Risk",
    security: "api_key",
    request: { params: transactionParams, headers: ifMatchHeaders, body: ReviewBody },
    responses: {
      200: {
        description: "The transaction.",
        schema: Transaction,
        headers: ["ETag", "Processor-Mode"],
      },
    },
    problems: [
      ...BODY_PROBLEMS,
      "card_number_refused",
      "transaction_not_found",
      "illegal_transition",
      "version_mismatch",
    ],
    before: [authenticate("risk:write")],
    handle: review,
  });
}

async function review(
  c: AppContext,
  {
    params: { id },
    headers: { precondition },
    body: { decision, reviewer = null, note = null },
  }: {
    params: { id: string };
    headers: { precondition: Precondition };
    body: z.output<typeof ReviewBody>;
  },
): Promise<Response> {
  const request = { decision, reviewer, note, ...precondition };
  const reply = await callOwner(c, id, (owner, address) => owner.review(address, request));
  const { body } = requireAccepted(reply);
  return jsonTextResponse(c, 200, body, transactionHeaders(c, body));
}
