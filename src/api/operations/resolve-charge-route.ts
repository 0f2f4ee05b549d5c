/** `POST /operations/charges/{transaction_id}/resolve`: an operator ends a charge that has no outcome. */
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
    .openapi({ description: "A transaction's id.", example: "txn_mfzwizlhn5xgs3dpnrsw45dfoi" }),
});

export function resolveChargeRoute(app: App): void {
  defineRoute(app, {
    method: "post",
    path: "/api/v1/operations/charges/{transaction_id}/resolve",
    operationId: "resolveCharge",
    summary: "Resolve a charge by hand",
    description:
      "For a transaction that stays `processing` because the processor never says what became of its charge. The outcome is final, the processor is not asked any more, and the transaction's event says who resolved it and why. Refused while the processor may still answer by itself (15 minutes from the claim, and while it is being asked) unless `force` is true. Safe to repeat: the same outcome again changes nothing.",
    tag: "Operations",
    security: "admin_token",
    request: { params: pathParams(Params), body: ResolveBody },
    answers: {
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
