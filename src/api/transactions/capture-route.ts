/** `POST /transactions/{id}/capture`: charges an authorized payment. */
import { z } from "@hono/zod-openapi";
import type { Precondition } from "../../domain/transaction/decisions/precondition";
import type { AppContext } from "../context";
import { partialAmount } from "../http/common-schemas";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { optionalBody } from "../http/parse-request";
import { authenticate } from "../middleware/authenticate";
import { PROCESS_PROBLEMS } from "./create-route";
import { ifMatchHeaders } from "./if-match";
import { callOwner, toResponse, transactionParams } from "./owner";
import { Transaction } from "./schemas";

const CaptureBody = z
  .strictObject({
    amount: partialAmount.openapi({
      description:
        "Amount in major units of the transaction's currency: a JSON number or a decimal string. At most what is authorized, which is the default. The rest is released.",
      example: 100.5,
    }),
  })
  .openapi("CaptureTransaction");

export function captureRoute(app: App): void {
  defineRoute(app, {
    method: "post",
    path: "/api/v1/transactions/{id}/capture",
    operationId: "captureTransaction",
    summary: "Capture an authorized transaction",
    description:
      "Charges a transaction with status `authorized`, once, and releases what is not captured. Safe to retry: the same amount returns the same outcome, and another amount is refused.",
    tag: "Transactions",
    security: "api_key",
    request: {
      params: transactionParams,
      headers: ifMatchHeaders,
      body: optionalBody(CaptureBody),
    },
    responses: {
      200: {
        description:
          "The captured transaction. If the processor refuses the capture, the status is `authorized` and `failure` says why.",
        schema: Transaction,
        headers: ["ETag", "Processor-Mode"],
      },
      202: {
        description:
          "The outcome of the capture is not known yet. The API continues to query the processor.",
        schema: Transaction,
        headers: ["ETag", "Retry-After", "Processor-Mode"],
      },
    },
    problems: [
      ...BODY_PROBLEMS,
      "transaction_not_found",
      "illegal_transition",
      "amount_exceeds_capturable",
      "capture_amount_differs",
      "amount_not_supported",
      "too_many_attempts",
      "version_mismatch",
      ...PROCESS_PROBLEMS,
    ],
    before: [authenticate("transactions:write")],
    handle: capture,
  });
}

async function capture(
  c: AppContext,
  {
    params: { id },
    headers: { precondition },
    body: { amount = null },
  }: {
    params: { id: string };
    headers: { precondition: Precondition };
    body: z.output<typeof CaptureBody>;
  },
): Promise<Response> {
  const call = { amount, ...precondition };
  return toResponse(c, await callOwner(c, id, (owner, address) => owner.capture(address, call)));
}
