/** Ids and object names. Ids of transactions and events are derived, not random: concurrent requests and later retries
 *  compute the same id and reach the same object. */
import { base32, base32Number } from "./base32";
import { hashSha256 } from "./sha256";

/** 26 base32 characters carry 130 bits: a collision among 10^15 ids has odds below 10^-9. */
const HASH_CHARACTERS = 26;
/** 30 bits of an id choose its shard: plenty for an even spread, and still an exact small integer. */
const SHARD_CHARACTERS = 6;

const TRANSACTION_ID = /^txn_[a-z2-7]{26}$/;

function digest(...parts: string[]): string {
  return base32(hashSha256(JSON.stringify(parts)), HASH_CHARACTERS);
}

/** The id of the transaction that `merchantId` creates under `idempotencyKey`, for all time. */
export function deriveTransactionId(merchantId: string, idempotencyKey: string): string {
  return `txn_${digest(merchantId, idempotencyKey)}`;
}

export function isTransactionId(text: string): boolean {
  return TRANSACTION_ID.test(text);
}

/** The id of an event: its transaction and its sequence, so an event has one id only. */
export function eventId(transactionId: string, sequence: number): string {
  return `evt_${transactionId.slice("txn_".length)}_${sequence}`;
}

/** 16 base32 characters carry 80 bits, which separate the few refunds of one transaction. */
const REFUND_HASH_CHARACTERS = 16;
const REFUND_ID = /^re_[a-z2-7]{26}_[a-z2-7]{16}$/;

/** The id of the refund of a transaction under an idempotency key, for all time. It contains the transaction's id, so that
 *  it leads to the object that owns both. */
export function deriveRefundId(transactionId: string, idempotencyKey: string): string {
  const hash = hashSha256(JSON.stringify([transactionId, idempotencyKey]));
  return `re_${transactionId.slice("txn_".length)}_${base32(hash, REFUND_HASH_CHARACTERS)}`;
}

export function isRefundId(text: string): boolean {
  return REFUND_ID.test(text);
}

/** The id of the transaction that a refund belongs to. @param refundId as `deriveRefundId` makes it */
export function transactionOfRefund(refundId: string): string {
  return `txn_${refundId.slice("re_".length, "re_".length + HASH_CHARACTERS)}`;
}

/** The name of the Durable Object that owns a transaction. Nothing else computes it.
 *  @param shards number of shards; 0 gives every transaction an object of its own. */
export function transactionObjectName(transactionId: string, shards: number): string {
  if (shards === 0) return transactionId;
  const hash = base32Number(transactionId.slice("txn_".length), SHARD_CHARACTERS);
  return shardName(hash % shards);
}

/** The name of a transaction shard by its number. */
export function shardName(shard: number): string {
  return `shard-${shard}`;
}

/** The name of a velocity shard by its number. */
export function velocityShardName(shard: number): string {
  return `velocity-${shard}`;
}

/** The name of the velocity object that counts a subject's payments.
 *  @param subject a customer's `user_id`, or a metadata field and its value */
export function velocityObjectName(merchantId: string, subject: string, shards: number): string {
  return velocityShardName(fnv1a(`${merchantId} ${subject}`) % shards);
}

/** 32-bit FNV-1a of a text, with its upper half folded into the lower one, which alone decides a remainder. It is not
 *  collision-resistant, and need not be: which object counts a subject is no secret and gives no advantage. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The id of the merchant that an operator creates under `idempotencyKey`. */
export function deriveMerchantId(idempotencyKey: string): string {
  return `mer_${digest("merchant", idempotencyKey)}`;
}

/** The id of the API key that an operator creates for `merchantId` under `idempotencyKey`. The key itself is random. */
export function deriveApiKeyId(merchantId: string, idempotencyKey: string): string {
  return `key_${digest("api_key", merchantId, idempotencyKey)}`;
}

/** The id of the webhook endpoint that `merchantId` registers under `idempotencyKey`. Its secret is random. */
export function deriveEndpointId(merchantId: string, idempotencyKey: string): string {
  return `whe_${digest("webhook_endpoint", merchantId, idempotencyKey)}`;
}

/** A random id, for what is created without an idempotency key.
 *  @param random at least 17 random bytes, given by the caller. */
export function formatRandomId(prefix: string, random: Uint8Array): string {
  return `${prefix}_${base32(random, HASH_CHARACTERS)}`;
}
