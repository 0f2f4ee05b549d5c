/** `POST /operations/refunds/{refund_id}/resolve`: an operator sets the outcome of a refund. */
import { z } from "@hono/zod-openapi";
import { isRefundId, transactionOfRefund } from "../../domain/identity/id";
import type { AppContext } from "../context";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { pathParams } from "../http/parse-request";
import { Problem } from "../http/problem";
import { jsonTextResponse } from "../http/response";
import { authenticateAdmin } from "../middleware/authenticate";
import { Refund } from "../refunds/schemas";
import { callOwner, requireAccepted } from "../transactions/owner";
import { processorModeHeaders } from "../transactions/processor-mode";
import { ResolveBody } from "./resolve-schema";

const Params = z.object({
  refund_id: z.string().openapi({
    description: "Id of the refund.",
    example: "re_mfzwizlhn5xgs3dpnrsw45dfoi_mfzwizlhn5xgs3dp",
  }),
});

export function resolveRefundRoute(app: App): void {
  defineRoute(app, {
    method: "post",
    path: "/api/v1/operations/refunds/{refund_id}/resolve",
    operationId: "resolveRefund",
    summary: "Resolve a refund manually",
    description:
      "For a refund that stays `pending` because the processor never reports its outcome; otherwise the same as resolving a charge. `settled` means that the money was returned.",
    tag: "Operations",
    security: "admin_token",
    request: { params: pathParams(Params), body: ResolveBody },
    responses: {
      200: {
        description: "The refund with its outcome.",
        schema: Refund,
        headers: ["Processor-Mode"],
      },
    },
    problems: [
      ...BODY_PROBLEMS,
      "card_number_refused",
      "refund_not_found",
      "illegal_transition",
      "charge_may_still_end",
      "shard_count_changed",
    ],
    before: [authenticateAdmin],
    handle: resolve,
  });
}

async function resolve(
  c: AppContext,
  {
    params: { refund_id: id },
    body: request,
  }: { params: z.output<typeof Params>; body: z.output<typeof ResolveBody> },
): Promise<Response> {
  if (!isRefundId(id)) throw new Problem("refund_not_found");
  const transaction_id = transactionOfRefund(id);
  const reply = await callOwner(c, transaction_id, (owner, { merchant_id: _, ...address }) =>
    owner.resolve(address, request, id),
  );
  if (!reply.ok && reply.refusal.code === "transaction_not_found") {
    throw new Problem("refund_not_found");
  }
  const { body } = requireAccepted(reply);
  const { outcome } = request;
  const fields = { transaction_id, operation: "refund", refund_id: id, outcome };
  c.get("log")("warn", "charge.resolved", fields);
  return jsonTextResponse(c, 200, body, processorModeHeaders(c, body));
}
