/** `POST /transactions`: creates a transaction, or returns the response to the first request under its key. */

import { deriveTransactionId } from "../../domain/identity/id";
import { newPaymentFault } from "../../domain/money/currency";
import type { AppContext } from "../context";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import type { Problem } from "../http/problem";
import { toInvalidRequest } from "../http/request-body";
import { authenticate } from "../middleware/authenticate";
import { limitRepeats } from "../middleware/rate-limit";
import { CreateTransactionBody, type SentCreate, selectCreateSchema } from "./create-schema";
import { idempotencyHeaders } from "./idempotency-header";
import { callOwner, callOwnerShared, requireAccepted, toResponse } from "./owner";
import { Transaction } from "./schemas";

const PATH = "/api/v1/transactions";
/** Refusals of a create that is to be processed, or authorized. */
export const PROCESS_PROBLEMS = [
  "livemode_mismatch",
  "processor_mismatch",
  "operation_not_supported",
  "processor_not_configured",
] as const;
/** Operations on a created transaction. */
const NEXT = Object.fromEntries(
  [
    ["getTransaction", "Get the transaction."],
    ["processTransaction", "Charge the transaction."],
    ["captureTransaction", "Capture the authorized transaction."],
    ["cancelTransaction", "Cancel the transaction."],
    ["listTransactionEvents", "List the events of the transaction."],
  ].map(([operationId = "", description = ""]) => [
    operationId,
    { operationId, parameters: { id: "$response.body#/id" }, description },
  ]),
);

export function createTransactionRoute(app: App): void {
  defineRoute(app, {
    method: "post",
    path: PATH,
    operationId: "createTransaction",
    summary: "Create a transaction",
    description:
      "Safe to retry: the same idempotency key and body always return the first response. A payment that the fraud rules block or hold is created too, with status `failed` or `review`.",
    tag: "Transactions",
    security: "api_key",
    request: {
      headers: idempotencyHeaders,
      body: {
        documentedAs: CreateTransactionBody,
        checkedBy: (c: AppContext) =>
          selectCreateSchema(c.get("config").allow_insecure_webhooks, c.get("default_currency")),
      },
    },
    responses: {
      201: {
        description:
          "The created transaction. A retry returns the response to the first request; with `process`, the transaction as it is now.",
        schema: Transaction,
        headers: ["Location", "ETag", "Idempotent-Replayed", "Processor-Mode"],
        links: NEXT,
      },
      202: {
        description:
          "With `process`: the transaction was created, and the outcome of its charge is not known yet. The API continues to query the processor. With the status `requires_action`, send the customer to `next_action`.",
        schema: Transaction,
        headers: ["Location", "ETag", "Idempotent-Replayed", "Retry-After", "Processor-Mode"],
        links: NEXT,
      },
    },
    problems: [
      ...BODY_PROBLEMS,
      "idempotency_key_missing",
      "idempotency_key_invalid",
      "card_number_refused",
      "idempotency_key_reused",
      "amount_not_supported",
      "currency_not_supported",
      "payment_method_required",
      ...PROCESS_PROBLEMS,
    ],
    before: [authenticate("transactions:write", "create"), limitRepeats],
    handle: create,
  });
}

async function create(
  c: AppContext,
  { headers: { idempotencyKey }, body }: { headers: { idempotencyKey: string }; body: SentCreate },
): Promise<Response> {
  const { request, process } = body;
  const merchantId = c.get("merchant_id");
  const id = deriveTransactionId(merchantId, idempotencyKey);
  const command = { merchant_id: merchantId, idempotency_key: idempotencyKey, request };
  const onlyRepeats = refuseNewPayment(c, body) ?? c.get("over_limit");
  const reply = onlyRepeats
    ? await callOwner(c, id, (owner, address) => owner.repeat(address, request, process))
    : await callOwnerShared(c, id, { kind: "create", command, process });
  if (onlyRepeats && !reply.ok && reply.refusal.code === "transaction_not_found") throw onlyRepeats;
  const { replayed } = requireAccepted(reply);
  c.set("outcome", replayed ? "replayed" : "created");
  return toResponse(c, reply, 201, {
    Location: `${PATH}/${id}`,
    ...(replayed ? { "Idempotent-Replayed": "true" } : {}),
  });
}

/** Why no new payment can be made of a valid request, if so: its currency is withdrawn, or missing where the
 *  deployment requires it; its webhook URL may not be called. A repeated request still gets its earlier response. */
export function refuseNewPayment(
  c: AppContext,
  { request, names_currency, url_fault }: SentCreate,
  within: PropertyKey[] = [],
): Problem | undefined {
  const message =
    c.get("config").require_currency && !names_currency
      ? "is required, and must be an ISO 4217 currency code, such as USD"
      : newPaymentFault(request.currency, Date.now());
  const faults = [
    ...(message === undefined ? [] : [{ path: [...within, "currency"], message }]),
    ...(url_fault === undefined ? [] : [{ path: [...within, "webhook_url"], message: url_fault }]),
  ];
  return faults.length === 0 ? undefined : toInvalidRequest(faults);
}
