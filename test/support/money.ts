/** Captures and refunds over RPC. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { readConfig } from "../../src/config";
import type { RefundRequest } from "../../src/domain/transaction/refund";
import type { Refusal } from "../../src/domain/transaction/refusal";
import type { Address, Reply } from "../../src/transactions/rpc";
import { env } from "./env";
import { ownerOf, shop } from "./owner";

/** The address of a transaction of the file's shop. */
export const addressOf = (transaction_id: string): Address => ({
  merchant_id: shop.merchant_id,
  transaction_id,
  shards: readConfig(env).transaction_shards,
  traceparent: null,
});

export const requestOf = (
  idempotency_key: string,
  amount: string | null,
  fields: Partial<RefundRequest> = {},
): RefundRequest => ({ idempotency_key, amount, reason: null, metadata: {}, ...fields });

/** What a reply is about. */
export function parsed<Value>(reply: Reply): Value {
  if (!reply.ok) throw new Error(`refused: ${JSON.stringify(reply.refusal)}`);
  return JSON.parse(reply.body) as Value;
}

export const refusalOf = (reply: Reply): Refusal | undefined =>
  reply.ok ? undefined : reply.refusal;

/** Ends the time in which a transaction can be captured, and lets its object's alarm ring. */
export async function expire(id: string, { ring = true } = {}): Promise<void> {
  await runInDurableObject(ownerOf(id), (_, { storage }) => {
    storage.sql.exec("UPDATE reviews SET expires_at_ms = 1 WHERE transaction_id = ?", id);
  });
  if (ring) await runDurableObjectAlarm(ownerOf(id)).catch(() => false);
}
