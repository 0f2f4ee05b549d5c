/** The way from a request to the object that owns its transaction. */

import { z } from "@hono/zod-openapi";
import type { AppContext } from "../api/context";
import { Problem, problemOf } from "../api/http/problem";
import type { Env } from "../config";
import { isTransactionId, objectNameFor } from "../domain/identity/id";
import type { Refusal } from "../domain/transaction/refusal";
import type { Address } from "../transactions/rpc";
import type { TransactionShard } from "../transactions/transaction-shard";

type Face =
  | "create"
  | "repeat"
  | "process"
  | "cancel"
  | "review"
  | "resolve"
  | "find"
  | "events"
  | "look"
  | "together";
/** The object as seen from here: every method is a promise away. */
export type Owner = {
  [Method in Face]: (
    ...given: Parameters<TransactionShard[Method]>
  ) => Promise<Awaited<ReturnType<TransactionShard[Method]>>>;
};

/** The platform's own type for a stub tears unions apart; at run time they arrive as they were sent. */
export function ownerOf(env: Env, name: string): Owner {
  return env.TRANSACTIONS.getByName(name) as unknown as Owner;
}

/** Calls the owner of a transaction. A call that fails because the object was moved or restarted is made
 *  once more: every command is idempotent. An overloaded object is left alone. */
export async function askOwner<Value>(
  c: AppContext,
  transactionId: string,
  call: (owner: Owner, address: Address) => Promise<Value>,
): Promise<Value> {
  const address = addressOf(c, transactionId);
  const name = objectNameFor(transactionId, address.shards);
  try {
    return await call(ownerOf(c.env, name), address);
  } catch (fault) {
    if (!isRetryable(fault)) throw fault;
    return await call(ownerOf(c.env, name), address);
  }
}

/** Where a request asks after a transaction, which from then on its log line is about. */
export function addressOf(c: AppContext, transactionId: string): Address {
  c.set("transaction_id", transactionId);
  return {
    merchant_id: c.get("merchant_id"),
    transaction_id: transactionId,
    shards: c.get("config").transaction_shards,
    traceparent: c.get("traceparent"),
  };
}

type PlatformFault = { retryable?: boolean; durableObjectReset?: boolean; overloaded?: boolean };

/** What a fault says about itself: the object was moved, restarted or cut off, and is not just too busy. */
function isRetryable(fault: unknown): boolean {
  const said = (fault ?? {}) as PlatformFault;
  return (said.retryable === true || said.durableObjectReset === true) && !isOverloaded(fault);
}

export function isOverloaded(fault: unknown): boolean {
  return ((fault ?? {}) as PlatformFault).overloaded === true;
}

/** The reply of an owner when it is not a refusal. @throws Problem */
export function accepted<Told extends { ok: true }>(
  reply: Told | { ok: false; refusal: Refusal },
): Told {
  if (!reply.ok) throw problemOf(reply.refusal);
  return reply;
}

/** The parameter of routes about one transaction. */
export const IdParam = {
  params: z.object({
    id: z.string().openapi({
      description: "A transaction's id.",
      example: "txn_mfzwizlhn5xgs3dpnrsw45dfoi",
    }),
  }),
};

/** The id in the address. One that cannot be ours is not looked for. @throws Problem */
export function transactionIdOf(c: AppContext): string {
  const id = c.req.param("id") ?? "";
  if (!isTransactionId(id)) throw new Problem("transaction_not_found");
  return id;
}
