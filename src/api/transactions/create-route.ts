/** `POST /transactions`: a new transaction, or the answer of the first create under its key. */

import { deriveTransactionId } from "../../domain/identity/id";
import { newPaymentFault } from "../../domain/money/currency";
import type { CreateRequest } from "../../domain/transaction/idempotency";
import type { AppContext } from "../context";
import { type App, BODY_PROBLEMS, defineRoute, jsonBody } from "../http/define-route";
import type { Problem } from "../http/problem";
import { invalid, readBody } from "../http/request-body";
import { jsonTextResponse } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { overLimit } from "../middleware/rate-limit";
import { CreateTransactionBody, createRequest } from "./create-schema";
import { IdempotencyHeaders, idempotencyKeyOf } from "./idempotency-header";
import { callOwner, callOwnerShared, requireAccepted } from "./owner";
import { processorModeHeaders } from "./processor-mode";
import { Transaction } from "./schemas";

const PATH = "/api/v1/transactions";
/** What one can do with a transaction that has been created. */
const NEXT = Object.fromEntries(
  [
    ["getTransaction", "Look at it again."],
    ["processTransaction", "Charge it."],
    ["cancelTransaction", "Cancel it."],
    ["listTransactionEvents", "See what happened to it."],
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
      "Safe to repeat: the same key and body get the same answer, for ever. A payment that the fraud rules block or hold is created too, as `failed` or in `review`.",
    tag: "Transactions",
    security: "api_key",
    request: {
      headers: IdempotencyHeaders,
      body: jsonBody(CreateTransactionBody),
    },
    answers: {
      201: {
        description: "The transaction, now or as first answered.",
        schema: Transaction,
        headers: ["Location", "Idempotent-Replayed", "Processor-Mode"],
        links: NEXT,
      },
    },
    problems: [
      ...BODY_PROBLEMS,
      "idempotency_key_missing",
      "idempotency_key_invalid",
      "card_number_refused",
      "idempotency_key_reused",
    ],
    before: [authenticate("transactions:write", "create")],
    handle: create,
  });
}

async function create(c: AppContext): Promise<Response> {
  const over = await overLimit(c);
  const idempotencyKey = idempotencyKeyOf(c);
  const { request, refused } = await readCreate(c);
  const merchantId = c.get("merchant_id");
  const id = deriveTransactionId(merchantId, idempotencyKey);
  const command = { merchant_id: merchantId, idempotency_key: idempotencyKey, request };
  const onlyRepeats = refused ?? over;
  const reply = onlyRepeats
    ? await callOwner(c, id, (owner, address) => owner.repeat(address, request))
    : await callOwnerShared(c, id, { kind: "create", command });
  if (onlyRepeats && !reply.ok && reply.refusal.code === "transaction_not_found") throw onlyRepeats;
  const { body, replayed } = requireAccepted(reply);
  c.set("outcome", replayed ? "replayed" : "created");
  return jsonTextResponse(c, 201, body, {
    Location: `${PATH}/${id}`,
    ...processorModeHeaders(c, body),
    ...(replayed ? { "Idempotent-Replayed": "true" } : {}),
  });
}

/** The request, and why no new payment can be made of it, if so: its currency has been withdrawn, or is not named
 *  where it has to be; its webhook URL may not be called (any more). A repetition of one that was made before has
 *  its answer all the same.
 *  @throws Problem when the body is no create */
async function readCreate(
  c: AppContext,
): Promise<{ request: CreateRequest; refused: Problem | undefined }> {
  const { allow_insecure_webhooks, require_currency } = c.get("config");
  const schema = createRequest(allow_insecure_webhooks, c.get("default_currency"));
  const { request, names_currency, url_fault } = await readBody(c, schema);
  const message =
    require_currency && !names_currency
      ? "is required, and must be an ISO 4217 currency code, such as USD"
      : newPaymentFault(request.currency, Date.now());
  const faults = [
    ...(message === undefined ? [] : [{ path: ["currency"], message }]),
    ...(url_fault === undefined ? [] : [{ path: ["webhook_url"], message: url_fault }]),
  ];
  return { request, refused: faults.length === 0 ? undefined : invalid(faults) };
}
