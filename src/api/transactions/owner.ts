/** Calls from a request to the object that owns its transaction. */
import { z } from "@hono/zod-openapi";
import { isTransactionId } from "../../domain/identity/id";
import type { Refusal } from "../../domain/transaction/refusal";
import {
  type Caller,
  callTransactionOwner,
  callTransactionOwnerShared,
  refreshBook,
  type TransactionOwner,
} from "../../transactions/client";
import type { Address, Reply, SharedCall } from "../../transactions/rpc";
import type { AppContext } from "../context";
import { pathParams } from "../http/parse-request";
import { Problem, toProblem } from "../http/problem";

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

function toCaller(c: AppContext, transactionId: string): Caller {
  c.set("transaction_id", transactionId);
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
