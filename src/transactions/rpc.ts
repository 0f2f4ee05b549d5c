/** What crosses between the Worker and the object that owns a transaction. */

import type { ListPlace } from "../d1/transactions/list-source";
import type { ListFilter, Order } from "../d1/transactions/select-rows";
import type { ErasedCustomer } from "../domain/erasure/erase-texts";
import type { CaptureRequest } from "../domain/transaction/capture";
import type { CreateCommand } from "../domain/transaction/decisions/decide-create";
import type { Precondition } from "../domain/transaction/decisions/precondition";
import type { EventRecord } from "../domain/transaction/event";
import type { CreateRequest } from "../domain/transaction/idempotency";
import type { RefundRequest } from "../domain/transaction/refund";
import type { Refusal } from "../domain/transaction/refusal";
import type { Report, ReportResult } from "../domain/transaction/report";
import type { ResolveRequest } from "../domain/transaction/resolution";
import type { ReviewRequest } from "../domain/transaction/review";
import type { Count } from "../observability/durable-counters";

/** A transaction of a merchant, the shard count by which the Worker found its object, and the W3C `traceparent` of the
 *  request. */
export type Address = {
  merchant_id: string;
  transaction_id: string;
  shards: number;
  traceparent: string | null;
};

/** The address of an operator's request, which applies to a transaction of any merchant. */
export type OperatorAddress = Omit<Address, "merchant_id">;

/** The fields of an address that a command has. During a deployment a Worker of an earlier release may call without
 *  `traceparent`. */
export function toCommandFields({ merchant_id, transaction_id, traceparent }: Address) {
  return { merchant_id, transaction_id, traceparent: traceparent ?? null };
}

export type DestinationName = "book" | "webhooks" | "velocity" | "stream";

/** What a destination has not received yet: `depth` in events, and the age of the oldest of them. `failures` counts the
 *  failed deliveries in a row. */
export type Backlog = { depth: number; oldest_age_ms: number; failures: number };

/** The backlog of each destination that is configured, and the number of events that the stream refuses. */
export type Backlogs = { of: Partial<Record<DestinationName, Backlog>>; parked: number };

/** How many operations of the processor are open, and for longer than a minute; `oldest_age_ms` is the time since the
 *  oldest claim. */
export type OpenChargesSummary = { open: number; overdue: number; oldest_age_ms: number };

export type ShardReadiness = { backlogs: Backlogs; charges: OpenChargesSummary };

/** The reply to a call. `body` is the JSON text of the transaction, or of the refund for calls about one; `pending` means
 *  that the processor's outcome is not known yet. */
export type Reply =
  | { ok: true; body: string; replayed: boolean; pending: boolean; retry_at_ms: number }
  | { ok: false; refusal: Refusal };

/** The JSON texts of a transaction's refunds, the newest first. */
export type RefundsReply = { ok: true; refunds: string[] } | { ok: false; refusal: Refusal };

/** A transaction and its refunds as they are now, as JSON texts, the newest refund first. */
export type TransactionRecord = { transaction: string; refunds: string[] };

/** In the order of the ids; null for a transaction that does not exist. */
export type RecordsReply =
  | { ok: true; records: (TransactionRecord | null)[] }
  | { ok: false; refusal: Refusal };

/** What has become of the events that the processor sent. `ignored`: of a type that needs nothing. `not_ours`: about a payment
 *  that this deployment does not have. `unavailable`: to be delivered again. */
export type EventResult =
  | ReportResult
  | "ignored"
  | "not_ours"
  | "unavailable"
  | "signature_invalid"
  | "malformed";
export type EventCounts = Partial<Record<EventResult, number>>;

/** The reply to a report of the processor. */
export type ReportReply = { ok: true; result: ReportResult } | { ok: false; refusal: Refusal };

/** What has become of a transaction whose customer's data is to be erased. `waiting`: an operation has no outcome yet.
 *  `other`: it is of another customer. `erased_at_ms`: when, also if that was before, and then `is_new` is false. */
export type EraseReply =
  | { ok: true; result: "erased"; erased_at_ms: number; is_new: boolean }
  | { ok: true; result: "waiting" | "other" }
  | { ok: false; refusal: Refusal };

/** The events of a transaction from one sequence up to another. */
export type EventRange = { transaction_id: string; first: number; last: number };
export type EventRanges = { shards: number; merchant_id: string; ranges: EventRange[] };

export type EventsReply = { ok: true; events: EventRecord[] } | { ok: false; refusal: Refusal };

/** `bytes` is the size of the shard's database; an object of an earlier release has none. */
export type ShardMetrics = ShardReadiness & { counts: Count[]; bytes?: number };

/** A segment of the archive, as its shard knows it. `hash` is that of its manifest. */
export type SegmentInfo = {
  shard: string;
  number: number;
  hash: string;
  payments: number;
  bytes: number;
  first_created_at_ms: number;
  last_created_at_ms: number;
};

/** Where an erasure is in a shard's archive: behind a segment, in the order of its merchant's, or behind an object. */
export type ErasurePlace = { at_ms: number; segment: number } | { object: string };
export type ArchiveErasure = ErasedCustomer & { shard: string; after: ErasurePlace };

/** What a step has done. `current`: transactions that have to be erased before the same step can be done. `next`: where
 *  the next step begins; null after the last one. */
export type ArchiveErased = {
  segments: number;
  objects: number;
  current: string[];
  next: ErasurePlace | null;
};

/** A page of a list, as far as the archive has it. */
export type ArchiveQuery = {
  merchant_id: string;
  filter: ListFilter;
  after: ListPlace | undefined;
  order: Order;
  limit: number;
};

/** A transaction of a list that is in the archive. `text` is its JSON text as it is now. */
export type ArchivedItem = { created_at: string; id: string; version: number; text: string };

/** Those of a page that a shard has, in the order of the list. From the place `through` on there may be more; null: there
 *  are none. */
export type ArchivedPage = {
  items: ArchivedItem[];
  through: ListPlace | null;
};

/** The calls that may share an RPC. */
export type SharedCall =
  | { kind: "find" }
  | ({ kind: "process" } & Precondition)
  /** `process`: the transaction is also processed, if it is approved. */
  | { kind: "create"; command: CreateCommand; process?: boolean };

export type AddressedCall = SharedCall & { address: Address };

/** The reply to a call, or its fault. */
export type Outcome = { reply: Reply } | { fault: unknown };

/** `at` is the index of the call in its RPC. */
export type CallResult = { at: number } & Outcome;

export type SendResults = (group: CallResult[]) => Promise<void>;

/** The transactions of a `getMany`, in columns. */
export type ManyAddresses = { shards: number; transaction_ids: string[]; merchant_ids: string[] };

/** The JSON text of a transaction, or the refusal to show it; null for one that has to be read alone. */
export type ReadResult = string | Refusal | null;

export const notFound: { ok: false; refusal: Refusal } = {
  ok: false,
  refusal: { code: "transaction_not_found" },
};

export const shardCountChanged: { ok: false; refusal: Refusal } = {
  ok: false,
  refusal: { code: "shard_count_changed" },
};

/** A payment is in the archive, which cannot be read now. */
export const archiveUnavailable: { ok: false; refusal: Refusal } = {
  ok: false,
  refusal: { code: "unavailable" },
};

export function okReply(body: string): Reply & { ok: true } {
  return { ok: true, body, replayed: false, pending: false, retry_at_ms: 0 };
}

/** The methods of an object that owns transactions. Every command is idempotent, so a call may be repeated. During a
 *  deployment a Worker of an earlier release calls without a precondition, and an object of one ignores it. */
export interface TransactionShardRpc {
  /** Creates a transaction, or replies as to the first create under its key.
   *  @param process whether it is also processed, if it is approved. The reply is then the transaction as it is now, also
   *    for a repeated call. */
  create(address: Address, command: CreateCommand, process?: boolean): Promise<Reply>;
  /** Replies as `create` does to a repeated call, if there was one under this key. Creates nothing. */
  repeat(address: Address, request: CreateRequest, process?: boolean): Promise<Reply>;
  /** Records what the processor reports without being asked. Refused for a transaction that does not exist. */
  report(address: OperatorAddress, report: Report): Promise<ReportReply>;
  /** Transactions of any merchant with their refunds, for an operator. */
  records(shards: number, transactionIds: string[]): Promise<RecordsReply>;
  /** Counts events of the processor by result, for the metrics. */
  countEvents(counts: EventCounts): void;
  /** Charges or authorizes a transaction once. Concurrent calls share one call to the processor and its reply. */
  process(address: Address, precondition?: Precondition): Promise<Reply>;
  /** Captures an authorized transaction once; what is not captured is released. */
  capture(address: Address, request: CaptureRequest & Precondition): Promise<Reply>;
  /** Cancels a transaction. The authorization of an authorized one is voided. */
  cancel(address: Address, precondition?: Precondition): Promise<Reply>;
  /** Refunds all or part of what was captured, once for each idempotency key. */
  refund(address: Address, request: RefundRequest & Precondition): Promise<Reply>;
  refunds(address: Address): Promise<RefundsReply>;
  findRefund(address: Address, refundId: string): Promise<Reply>;
  /** Records a reviewer's decision. */
  review(address: Address, request: ReviewRequest & Precondition): Promise<Reply>;
  /** Replaces the customer's data in every version of a transaction, and deletes what the processor needs to charge it. */
  erase(address: Address, userId: string): Promise<EraseReply>;
  /** Records the outcome that an operator found for the open operation of a transaction, or for a refund. */
  resolve(address: OperatorAddress, request: ResolveRequest, refundId?: string): Promise<Reply>;
  /** The transaction as it is now. */
  find(address: Address): Reply | Promise<Reply>;
  /** All events of a transaction, in order. */
  events(address: Address): Promise<EventsReply>;
  /** Events of several transactions of a merchant, without those that do not exist. */
  eventsOfMany(wanted: EventRanges): Promise<EventsReply>;
  /** Several reads in one call; the replies are in the order of `addresses`. */
  getMany(addresses: ManyAddresses): ReadResult[];
  /** Several calls in one. @param send receives groups of replies before the last; @returns the last group */
  executeBatch(calls: AddressedCall[], send: SendResults): Promise<CallResult[]>;
  /** Backlogs and open charges. @throws when the object's storage cannot be read */
  ready(): ShardReadiness;
  /** Writes to the book what it lacks of a merchant's events (null: of any), before it is read. Waits two seconds at most,
   *  and not at all while D1 fails. @returns since when events are missing, in ms; null when none are */
  refreshBook(merchantId: string | null): Promise<number | null>;
  /** The transactions of a page that are in this shard's archive; null when the archive cannot be read. */
  listArchived(query: ArchiveQuery): Promise<ArchivedPage | null>;
  /** Puts the payments of a segment back, which are not archived again before a time in ms.
   *  @returns how many; null when there is no such segment. @throws when the archive cannot be read, or D1 not be written */
  restore(number: number, untilMs: number): Promise<number | null>;
  /** Erases a customer's data in the next segment of the archive, or in the next object of an attempt that was given up.
   *  Idempotent. @throws when R2 fails */
  eraseArchived(erasure: ArchiveErasure): Promise<ArchiveErased>;
  /** Archives now what is old enough. */
  archiveNow(): Promise<void>;
  /** Segments of the archive after a number, in order, at most 500. */
  segments(after: number): SegmentInfo[];
  /** All counters, which are stored before they are returned, so that no counter goes down after a crash. Writes the book
   *  first, so that totals read afterwards are complete. */
  metrics(): Promise<ShardMetrics>;
  /** Starts writing every event into D1 again, not before a time in ms. @returns how many events */
  rebuildBook(notBeforeMs: number): number;
}
