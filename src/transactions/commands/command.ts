/** What a shard can be told, and what one command does to the journal: gather has happened, deciding
 *  happens here, and `journal.write()` follows in the same synchronous stretch. There is no `await` in this
 *  file, and must not be. */

import {
  contradictsOutcome,
  decideCancel,
  decideOutcome,
  decideProcess,
} from "../../domain/transaction/decide-charge";
import {
  type CreateCommand,
  createResult,
  decideCreate,
  decideRepeatedCreate,
  type RiskBasis,
} from "../../domain/transaction/decide-create";
import { decideResolution } from "../../domain/transaction/decide-resolution";
import { decideExpiry, decideReview } from "../../domain/transaction/decide-review";
import type { CreateRequest } from "../../domain/transaction/idempotency";
import { livemodeOf, type ProcessorMode } from "../../domain/transaction/livemode";
import type { Refusal } from "../../domain/transaction/refusal";
import type { ResolveRequest } from "../../domain/transaction/resolution";
import { accept, type Result } from "../../domain/transaction/result";
import type { ReviewRequest } from "../../domain/transaction/review";
import type { Status } from "../../domain/transaction/status";
import type { Transaction } from "../../domain/transaction/transaction";
import type { Change } from "../../domain/transaction/transition";
import type { ChargeAnswer } from "../../processor/processor";
import { attemptDueAtMs, nextAttemptAtMs } from "../charging/open-charges";
import type { Journal, OwnedTransaction } from "../journal/journal";

/** `traceparent` is the request that a command comes from. */
export type Command = { traceparent: string | null } & (
  | ({ kind: "create"; transaction_id: string } & CreateCommand)
  | { kind: "process"; merchant_id: string; transaction_id: string }
  | { kind: "cancel"; merchant_id: string; transaction_id: string }
  | ({ kind: "review"; merchant_id: string; transaction_id: string } & ReviewRequest)
  /** An operator's word on a charge. `is_call_under_way`: whether the processor is being asked at that moment. */
  | ({
      kind: "resolve";
      transaction_id: string;
      is_call_under_way: () => boolean;
    } & ResolveRequest)
  /** A review that nobody has decided in time. */
  | { kind: "expire"; transaction_id: string }
  | { kind: "record"; transaction_id: string; answer: ChargeAnswer }
);

/** A charge to be asked for: the transaction as claimed, and which attempt this is. */
export type ChargeOrder = { transaction: Transaction; attempt: number };

export type CommandResult =
  | { kind: "refused"; refusal: Refusal }
  /** `data` is the transaction's JSON text with that `status`; `wrote` says whether the command changed anything,
   *  `contradicts` that it was a processor's word against the outcome on record, which stays. */
  | {
      kind: "done";
      data: string;
      status: Status;
      replayed: boolean;
      wrote: boolean;
      contradicts?: true;
    }
  /** The outcome is not known yet. `retry_at_ms` is when the processor is asked again by itself. */
  | { kind: "pending"; data: string; order: ChargeOrder; retry_at_ms: number; wrote: boolean };

/** Carries out one command against the journal. Everything is decided before anything is changed.
 *  @param basis of a create whose transaction does not exist yet
 *  @param mode what the deployment charges with */
export function execute(
  journal: Journal,
  command: Command,
  basis: RiskBasis | undefined,
  mode: ProcessorMode,
  nowMs: number,
): CommandResult {
  const held = journal.find(command.transaction_id);
  if (command.kind === "create") return create(journal, command, held, basis, mode, nowMs);
  if (!held || ("merchant_id" in command && held.merchant_id !== command.merchant_id)) {
    return { kind: "refused", refusal: { code: "transaction_not_found" } };
  }
  switch (command.kind) {
    case "process":
      return process(journal, held, command, mode, nowMs);
    case "cancel":
      return move(journal, held, decideCancel(held.transaction, nowMs), command);
    case "review":
      return move(journal, held, decideReview(held.transaction, command, nowMs), command);
    case "expire":
      return move(journal, held, expire(journal, held, nowMs), command);
    case "resolve":
      return resolve(journal, held, command, nowMs);
    case "record":
      return record(journal, held, command, nowMs);
  }
}

function create(
  journal: Journal,
  command: Command & { kind: "create" },
  held: OwnedTransaction | undefined,
  basis: RiskBasis | undefined,
  mode: ProcessorMode,
  nowMs: number,
): CommandResult {
  if (held) return repeatedCreate(journal, command.request, held);
  if (!basis) throw new Error("a create was to be decided without its signals");
  const change = decideCreate({ ...command, livemode: livemodeOf(mode) }, basis, nowMs);
  const { id, review } = change.transaction;
  if (review) journal.reviews.open(id, Date.parse(review.expires_at));
  return write(journal, command.merchant_id, change, command);
}

/** What a create is answered whose transaction is there already. */
export function repeatedCreate(
  journal: Journal,
  request: CreateRequest,
  { transaction }: OwnedTransaction,
): CommandResult & { kind: "done" | "refused" } {
  const same = decideRepeatedCreate(transaction, request);
  if (!same.ok) return { kind: "refused", refusal: same.refusal };
  const { version, status } = createResult(transaction);
  const data = journal.textAt(transaction.id, version);
  return { kind: "done", data, status, replayed: true, wrote: false };
}

function process(
  journal: Journal,
  { merchant_id, transaction }: OwnedTransaction,
  { traceparent }: Command,
  mode: ProcessorMode,
  nowMs: number,
): CommandResult {
  const decided = decideProcess(transaction, mode, nowMs);
  if (!decided.ok) return { kind: "refused", refusal: decided.refusal };
  if (decided.value.step === "answer") return unchanged(transaction);
  if (decided.value.step === "claim") {
    const { change } = decided.value;
    const data = journal.append(merchant_id, change, traceparent);
    journal.charges.open(change.transaction.id, nowMs);
    return { ...pending(change.transaction, data, 0, nowMs), wrote: true };
  }
  const open = journal.charges.find(transaction.id);
  if (!open) throw new Error("a transaction is processing without an open charge");
  const retryAtMs = attemptDueAtMs(open.next_attempt_at_ms, nowMs);
  return pending(transaction, JSON.stringify(transaction), open.attempts, retryAtMs);
}

/** Writes what was decided. Whatever moves a transaction out of review closes the review. */
function move(
  journal: Journal,
  { merchant_id, transaction }: OwnedTransaction,
  decided: Result<Change | null>,
  command: Command,
): CommandResult {
  if (!decided.ok) return { kind: "refused", refusal: decided.refusal };
  if (!decided.value) return unchanged(transaction);
  if (transaction.status === "review") journal.reviews.close(transaction.id);
  return write(journal, merchant_id, decided.value, command);
}

/** From then on the processor is not asked any more. */
function resolve(
  journal: Journal,
  { merchant_id, transaction }: OwnedTransaction,
  command: Command & { kind: "resolve" },
  nowMs: number,
): CommandResult {
  const decided = decideResolution(transaction, command, command.is_call_under_way(), nowMs);
  if (!decided.ok) return { kind: "refused", refusal: decided.refusal };
  if (!decided.value) return unchanged(transaction);
  journal.charges.close(transaction.id);
  return write(journal, merchant_id, decided.value, command);
}

/** The time that is kept here counts, not the one that was told: a clock that was ahead may have told it. */
function expire(
  journal: Journal,
  { transaction }: OwnedTransaction,
  nowMs: number,
): Result<Change | null> {
  const expiresAtMs = journal.reviews.expiresAtMs(transaction.id);
  return expiresAtMs === undefined ? accept(null) : decideExpiry(transaction, expiresAtMs, nowMs);
}

function record(
  journal: Journal,
  { merchant_id, transaction }: OwnedTransaction,
  command: Command & { kind: "record" },
  nowMs: number,
): CommandResult {
  const { answer } = command;
  if (answer.kind === "unknown") return defer(journal, transaction, nowMs);
  const decided = decideOutcome(transaction, answer, nowMs);
  if (!decided.ok) return { kind: "refused", refusal: decided.refusal };
  if (!decided.value) {
    const isAgainst = contradictsOutcome(transaction, answer);
    return { ...unchanged(transaction), ...(isAgainst ? { contradicts: true } : {}) };
  }
  journal.charges.close(transaction.id);
  return write(journal, merchant_id, decided.value, command);
}

function defer(journal: Journal, transaction: Transaction, nowMs: number): CommandResult {
  const open = journal.charges.find(transaction.id);
  if (!open) return unchanged(transaction);
  const attempts = open.attempts + 1;
  const retryAtMs = nextAttemptAtMs(attempts, nowMs);
  journal.charges.defer(transaction.id, attempts, retryAtMs);
  const deferred = pending(transaction, JSON.stringify(transaction), attempts, retryAtMs);
  return { ...deferred, wrote: true };
}

function pending(
  transaction: Transaction,
  data: string,
  attempts: number,
  retryAtMs: number,
): CommandResult & { kind: "pending" } {
  const order = { transaction, attempt: attempts + 1 };
  return { kind: "pending", data, order, retry_at_ms: retryAtMs, wrote: false };
}

function write(
  journal: Journal,
  merchantId: string,
  change: Change,
  { traceparent }: Command,
): CommandResult {
  const data = journal.append(merchantId, change, traceparent);
  const { status } = change.transaction;
  return { kind: "done", data, status, replayed: false, wrote: true };
}

/** Parsing and writing keep the order of members, so these are the bytes that were answered before. */
function unchanged(transaction: Transaction): CommandResult & { kind: "done" } {
  const data = JSON.stringify(transaction);
  return { kind: "done", data, status: transaction.status, replayed: false, wrote: false };
}
