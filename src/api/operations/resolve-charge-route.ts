/** `POST /operations/charges/{transaction_id}/resolve`: an operator sets the outcome of a charge. */
import { z } from "@hono/zod-openapi";
import { isTransactionId } from "../../domain/identity/id";
import type { AppContext } from "../context";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { pathParams } from "../http/parse-request";
import { Problem } from "../http/problem";
import { jsonTextResponse } from "../http/response";
import { authenticateAdmin } from "../middleware/authenticate";
import { callOwner, requireAccepted } from "../transactions/owner";
import { processorModeHeaders } from "../transactions/processor-mode";
import { Transaction } from "../transactions/schemas";
import { ResolveBody } from "./resolve-schema";

const Params = z.object({
  transaction_id: z
    .string()
    .openapi({ description: "Id of the transaction.", example: "txn_mfzwizlhn5xgs3dpnrsw45dfoi" }),
});

export function resolveChargeRoute(app: App): void {
  defineRoute(app, {
    method: "post",
    path: "/api/v1/operations/charges/{transaction_id}/resolve",
    operationId: "resolveCharge",
    summary: "Resolve a charge manually",
    description:
      "For a transaction that stays `processing` because the processor never reports the outcome of its charge. The outcome is final, the processor is not called again, and the transaction's event records who resolved the charge and why. Refused for 15 minutes after the charge started, and during a call to the processor, unless `force` is true. Safe to retry: repeating the same outcome changes nothing.",
    tag: "Operations",
    security: "admin_token",
    request: { params: pathParams(Params), body: ResolveBody },
    responses: {
      200: {
        description: "The transaction with its outcome.",
        schema: Transaction,
        headers: ["Processor-Mode"],
      },
    },
    problems: [
      ...BODY_PROBLEMS,
      "card_number_refused",
      "transaction_not_found",
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
    params: { transaction_id: id },
    body: request,
  }: { params: z.output<typeof Params>; body: z.output<typeof ResolveBody> },
): Promise<Response> {
  if (!isTransactionId(id)) throw new Problem("transaction_not_found");
  const reply = await callOwner(c, id, (owner, { merchant_id: _, ...address }) =>
    owner.resolve(address, request),
  );
  const { body } = requireAccepted(reply);
  c.get("log")("warn", "charge.resolved", { transaction_id: id, outcome: request.outcome });
  return jsonTextResponse(c, 200, body, processorModeHeaders(c, body));
}
