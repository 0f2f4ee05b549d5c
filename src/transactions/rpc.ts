/** What crosses between the Worker and the object that owns a transaction. */
import type { EventRecord } from "../domain/transaction/event";
import type { Refusal } from "../domain/transaction/refusal";
import type { Count } from "../observability/durable-counters";
import type { ChargesStanding } from "./charging/open-charges";
import type { Backlogs } from "./outbox/relays";

/** A key of one merchant's transaction, the shard count by which the Worker found this object, and the request
 *  that asks, as a W3C `traceparent`. */
export type Address = {
  merchant_id: string;
  transaction_id: string;
  shards: number;
  traceparent: string | null;
};

/** The same of an operator's request, which is about any merchant's transaction. */
export type OperatorAddress = Omit<Address, "merchant_id">;

/** What a command carries of an address. A Worker of the version before, which may still call while a
 *  deployment goes round, names no request. */
export function about({ merchant_id, transaction_id, traceparent }: Address) {
  return { merchant_id, transaction_id, traceparent: traceparent ?? null };
}

/** How far a shard's destinations are behind, and how its charges stand. */
export type ShardReadiness = { backlogs: Backlogs; charges: ChargesStanding };

/** What the Worker is told. `body` is the transaction's JSON text; `pending` means its outcome is not known yet. */
export type Reply =
  | { ok: true; body: string; replayed: boolean; pending: boolean; retry_at_ms: number }
  | { ok: false; refusal: Refusal };

export type EventsReply = { ok: true; events: EventRecord[] } | { ok: false; refusal: Refusal };

/** What a shard tells of itself to whoever watches over it. */
export type ShardMetrics = ShardReadiness & { counts: Count[] };

export const notFound: { ok: false; refusal: Refusal } = {
  ok: false,
  refusal: { code: "transaction_not_found" },
};

export const shardCountChanged: { ok: false; refusal: Refusal } = {
  ok: false,
  refusal: { code: "shard_count_changed" },
};

export function toldReply(body: string): Reply & { ok: true } {
  return { ok: true, body, replayed: false, pending: false, retry_at_ms: 0 };
}
