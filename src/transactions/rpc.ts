/** What crosses between the Worker and the object that owns a transaction. */

import type { CreateCommand } from "../domain/transaction/decide-create";
import type { EventRecord } from "../domain/transaction/event";
import type { CreateRequest } from "../domain/transaction/idempotency";
import type { Refusal } from "../domain/transaction/refusal";
import type { ResolveRequest } from "../domain/transaction/resolution";
import type { ReviewRequest } from "../domain/transaction/review";
import type { Count } from "../observability/durable-counters";

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

export type DestinationName = "book" | "webhooks" | "velocity" | "stream";

/** How far a destination is behind. `depth` is in events, `oldest_age_ms` the age of the first of them. */
export type Backlog = { depth: number; oldest_age_ms: number; failures: number };

/** Of each destination that is set up; `parked` are events that the stream refuses. */
export type Backlogs = { of: Partial<Record<DestinationName, Backlog>>; parked: number };

/** How open charges stand. `oldest_age_ms` is since the claim; `overdue` are open for longer than a minute. */
export type ChargesStanding = { open: number; overdue: number; oldest_age_ms: number };

/** How far a shard's destinations are behind, and how its charges stand. */
export type ShardReadiness = { backlogs: Backlogs; charges: ChargesStanding };

/** What the Worker is told. `body` is the transaction's JSON text; `pending` means its outcome is not known yet. */
export type Reply =
  | { ok: true; body: string; replayed: boolean; pending: boolean; retry_at_ms: number }
  | { ok: false; refusal: Refusal };

export type EventsReply = { ok: true; events: EventRecord[] } | { ok: false; refusal: Refusal };

/** What a shard tells of itself to whoever watches over it. */
export type ShardMetrics = ShardReadiness & { counts: Count[] };

/** What may be asked together. */
export type SharedCall =
  | { kind: "find" }
  | { kind: "process" }
  | { kind: "create"; command: CreateCommand };

/** What one request asks. */
export type AddressedCall = SharedCall & { address: Address };

/** An answer, or the fault that was met instead. */
export type Outcome = { reply: Reply } | { fault: unknown };

/** `at` is the call's place among those it came with. */
export type CallResult = { at: number } & Outcome;

export type SendResults = (group: CallResult[]) => Promise<void>;

/** Whose transactions are looked at. */
export type ManyAddresses = { shards: number; transaction_ids: string[]; merchant_ids: string[] };

/** The JSON text of a transaction, or why it is not shown. */
export type ReadResult = string | Refusal;

export const notFound: { ok: false; refusal: Refusal } = {
  ok: false,
  refusal: { code: "transaction_not_found" },
};

export const shardCountChanged: { ok: false; refusal: Refusal } = {
  ok: false,
  refusal: { code: "shard_count_changed" },
};

export function okReply(body: string): Reply & { ok: true } {
  return { ok: true, body, replayed: false, pending: false, retry_at_ms: 0 };
}

/** The methods of an object that owns transactions. Every command is idempotent, so a call may be repeated. */
export interface TransactionShardRpc {
  /** Creates a transaction, or replies as to the first create under its key. */
  create(address: Address, command: CreateCommand): Promise<Reply>;
  /** Replies as to the first create under a key, if there was one. Creates nothing. */
  repeat(address: Address, request: CreateRequest): Reply;
  /** Charges a transaction once. */
  process(address: Address): Promise<Reply>;
  cancel(address: Address): Promise<Reply>;
  /** Records a reviewer's decision. */
  review(address: Address, request: ReviewRequest): Promise<Reply>;
  /** Records the outcome that an operator found for a charge. */
  resolve(address: OperatorAddress, request: ResolveRequest): Promise<Reply>;
  /** The transaction as it is now. */
  find(address: Address): Reply;
  /** All events of a transaction, in order. */
  events(address: Address): EventsReply;
  /** Several reads in one call; the replies are in the order of `looks`. */
  getMany(looks: ManyAddresses): ReadResult[];
  /** Several calls in one. @param tell takes groups of replies before the last; @returns the last group */
  executeBatch(calls: AddressedCall[], tell: SendResults): Promise<CallResult[]>;
  /** Resolves when the object is alive and its storage can be read. */
  ready(): ShardReadiness;
  metrics(): ShardMetrics;
  /** Starts writing every event into D1 again, not before a time in ms. @returns how many events */
  rebuildBook(notBeforeMs: number): number;
}
