/** Calls from a request to the object that owns its transaction. */
import { z } from "@hono/zod-openapi";
import { isTransactionId } from "../../domain/identity/id";
import type { Refusal } from "../../domain/transaction/refusal";
import {
  type Caller,
  callTransactionOwner,
  callTransactionOwnerShared,
  callTransactionOwnersTogether,
  refreshBook,
  type TransactionOwner,
} from "../../transactions/client";
import type { Address, Outcome, Reply, SharedCall } from "../../transactions/rpc";
import type { AppContext } from "../context";
import { pathParams } from "../http/parse-request";
import { Problem } from "../http/problem";
import { jsonTextResponse } from "../http/response";
import { toProblem } from "./refusal-problem";
import { transactionHeaders } from "./transaction-headers";

/** Calls the owner of a transaction. The request's log line includes the transaction's id from then on. */
export function callOwner<Value>(
  c: AppContext,
  transactionId: string,
  call: (owner: TransactionOwner, address: Address) => Promise<Value>,
): Promise<Value> {
  return callTransactionOwner(toCaller(c, transactionId), transactionId, call);
}

/** Calls the owner of a transaction in an RPC that other requests may share. */
export function callOwnerShared(
  c: AppContext,
  transactionId: string,
  call: SharedCall,
): Promise<Reply> {
  return callTransactionOwnerShared(toCaller(c, transactionId), transactionId, call);
}

/** Calls the owners of several transactions, each object once. @returns the outcome of each call, in order */
export function callOwnersTogether(
  c: AppContext,
  calls: { transaction_id: string; call: SharedCall }[],
): Promise<Outcome[]> {
  return callTransactionOwnersTogether(buildCaller(c), calls);
}

function toCaller(c: AppContext, transactionId: string): Caller {
  c.set("transaction_id", transactionId);
  return buildCaller(c);
}

/** The caller of owners for a request. */
export function buildCaller(c: AppContext): Caller {
  return {
    env: c.env,
    config: c.get("config"),
    merchant_id: c.get("merchant_id"),
    traceparent: c.get("traceparent"),
    waitUntil: (work) => c.executionCtx.waitUntil(work),
  };
}

/** Brings the book up to date with everything of the request's merchant that was confirmed before the request.
 *  @returns the time in ms since which changes may be missing, because D1 or a shard fails; null when none are */
export function refreshBookFor(c: AppContext): Promise<number | null> {
  return refreshBook({
    env: c.env,
    config: c.get("config"),
    merchant_id: c.get("merchant_id"),
    waitUntil: (work) => c.executionCtx.waitUntil(work),
  });
}

/** The reply of an owner when it is not a refusal. @throws Problem */
export function requireAccepted<Accepted extends { ok: true }>(
  reply: Accepted | { ok: false; refusal: Refusal },
): Accepted {
  if (!reply.ok) throw toProblem(reply.refusal);
  return reply;
}

/** The response to a call that may have called the processor: the transaction, with 202 while its outcome is unknown.
 *  @param status of a known outcome
 *  @throws Problem */
export function toResponse(
  c: AppContext,
  reply: Reply,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  const { body, pending, retry_at_ms } = requireAccepted(reply);
  const own = { ...headers, ...transactionHeaders(c, body) };
  if (!pending) return jsonTextResponse(c, status, body, own);
  const waitS = Math.max(1, Math.ceil((retry_at_ms - Date.now()) / 1_000));
  c.set("outcome", "unknown");
  return jsonTextResponse(c, 202, body, { ...own, "Retry-After": String(waitS) });
}

/** The parameter of routes about one transaction. An id that no transaction can have is not looked up. */
export const transactionParams = pathParams(
  z.object({
    id: z.string().openapi({
      description: "Id of the transaction.",
      example: "txn_mfzwizlhn5xgs3dpnrsw45dfoi",
    }),
  }),
  ({ id }) => {
    if (!isTransactionId(id)) throw new Problem("transaction_not_found");
    return { id };
  },
);
