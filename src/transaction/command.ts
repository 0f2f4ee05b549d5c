/** What a shard can be told, and what one command does to the journal: gather has happened, decide and
 *  write happen here, in one synchronous stretch. There is no `await` in this file, and must not be. */
import { type Backoff, delayMs } from "../domain/backoff";
import type { FraudRules } from "../domain/fraud";
import type { Refusal } from "../domain/refusal";
import type { Status } from "../domain/status";
import {
  type Change,
  type CreateCommand,
  createAnswerVersion,
  decideCancel,
  decideCreate,
  decideOutcome,
  decideProcess,
  decideRepeatedCreate,
  type Transaction,
} from "../domain/transaction";
import type { Signals } from "../domain/velocity";
import type { ChargeAnswer } from "../processor/processor";
import type { Held, Journal } from "./journal";

/** How long to wait before an unknown charge is asked about again. It never ends: a transaction is never
 *  given up on, and five minutes keeps a dead processor's recovery short. */
const CHARGE_BACKOFF: Backoff = { first_ms: 1_000, most_ms: 300_000 };

/** `traceparent` is the request that a command comes from. */
export type Command = { traceparent: string | null } & (
  | ({ kind: "create"; transaction_id: string } & CreateCommand)
  | { kind: "process"; merchant_id: string; transaction_id: string }
  | { kind: "cancel"; merchant_id: string; transaction_id: string }
  | { kind: "record"; transaction_id: string; answer: ChargeAnswer }
);

/** A charge to be asked for: the transaction as claimed, and which attempt this is. */
export type ChargeOrder = { transaction: Transaction; attempt: number };

export type Answer =
  | { kind: "refused"; refusal: Refusal }
  /** `data` is the transaction's JSON text with that `status`; `wrote` says whether the command changed anything. */
  | { kind: "told"; data: string; status: Status; replayed: boolean; wrote: boolean }
  /** The outcome is not known yet. `retry_at_ms` is when the processor is asked again by itself. */
  | { kind: "charging"; data: string; order: ChargeOrder; retry_at_ms: number; wrote: boolean };

/** Carries out one command against the journal. To be called inside a transaction.
 *  @param signals of a create whose transaction does not exist yet. */
export function execute(
  journal: Journal,
  command: Command,
  signals: Signals | undefined,
  rules: FraudRules,
  nowMs: number,
): Answer {
  const held = journal.find(command.transaction_id);
  if (command.kind === "create") return create(journal, command, held, signals, rules, nowMs);
  if (!held || (command.kind !== "record" && held.merchant_id !== command.merchant_id)) {
    return { kind: "refused", refusal: { code: "transaction_not_found" } };
  }
  switch (command.kind) {
    case "process":
      return process(journal, held, command, nowMs);
    case "cancel":
      return cancel(journal, held, command, nowMs);
    case "record":
      return record(journal, held, command, nowMs);
  }
}

function create(
  journal: Journal,
  command: Command & { kind: "create" },
  held: Held | undefined,
  signals: Signals | undefined,
  rules: FraudRules,
  nowMs: number,
): Answer {
  if (held) return repeatedCreate(journal, command, held);
  if (!signals) throw new Error("a create was to be decided without its signals");
  return write(journal, command.merchant_id, decideCreate(command, signals, rules, nowMs), command);
}

function repeatedCreate(journal: Journal, command: CreateCommand, { transaction }: Held): Answer {
  const same = decideRepeatedCreate(transaction, command.request);
  if (!same.ok) return { kind: "refused", refusal: same.refusal };
  const version = createAnswerVersion(transaction);
  const data = journal.textAt(transaction.id, version);
  const status = version === 1 ? "pending" : transaction.status;
  return { kind: "told", data, status, replayed: true, wrote: false };
}

function process(
  journal: Journal,
  { merchant_id, transaction }: Held,
  { traceparent }: Command,
  nowMs: number,
): Answer {
  const decided = decideProcess(transaction, nowMs);
  if (!decided.ok) return { kind: "refused", refusal: decided.refusal };
  if (decided.value.step === "answer") return told(transaction);
  if (decided.value.step === "claim") {
    const { change } = decided.value;
    const data = journal.append(merchant_id, change, traceparent);
    journal.openCharge(change.transaction.id, nowMs);
    return { ...charging(change.transaction, data, 0, nowMs), wrote: true };
  }
  const open = journal.findCharge(transaction.id);
  if (!open) throw new Error("a transaction is processing without an open charge");
  return charging(transaction, JSON.stringify(transaction), open.attempts, open.next_attempt_at_ms);
}

function cancel(
  journal: Journal,
  { merchant_id, transaction }: Held,
  command: Command,
  nowMs: number,
): Answer {
  const decided = decideCancel(transaction, nowMs);
  if (!decided.ok) return { kind: "refused", refusal: decided.refusal };
  return decided.value ? write(journal, merchant_id, decided.value, command) : told(transaction);
}

function record(
  journal: Journal,
  { merchant_id, transaction }: Held,
  command: Command & { kind: "record" },
  nowMs: number,
): Answer {
  const { answer } = command;
  if (answer.kind === "unknown") return defer(journal, transaction, nowMs);
  const decided = decideOutcome(transaction, answer, nowMs);
  if (!decided.ok) return { kind: "refused", refusal: decided.refusal };
  if (!decided.value) return told(transaction);
  journal.closeCharge(transaction.id);
  return write(journal, merchant_id, decided.value, command);
}

function defer(journal: Journal, transaction: Transaction, nowMs: number): Answer {
  const open = journal.findCharge(transaction.id);
  if (!open) return told(transaction);
  const attempts = open.attempts + 1;
  const retryAtMs = nowMs + delayMs(attempts, CHARGE_BACKOFF);
  journal.deferCharge(transaction.id, attempts, retryAtMs);
  const deferred = charging(transaction, JSON.stringify(transaction), attempts, retryAtMs);
  return { ...deferred, wrote: true };
}

function charging(
  transaction: Transaction,
  data: string,
  attempts: number,
  retryAtMs: number,
): Answer & { kind: "charging" } {
  const order = { transaction, attempt: attempts + 1 };
  return { kind: "charging", data, order, retry_at_ms: retryAtMs, wrote: false };
}

function write(
  journal: Journal,
  merchantId: string,
  change: Change,
  { traceparent }: Command,
): Answer {
  const data = journal.append(merchantId, change, traceparent);
  const { status } = change.transaction;
  return { kind: "told", data, status, replayed: false, wrote: true };
}

/** Parsing and writing keep the order of members, so these are the bytes that were answered before. */
function told(transaction: Transaction): Answer {
  const data = JSON.stringify(transaction);
  return { kind: "told", data, status: transaction.status, replayed: false, wrote: false };
}
