/** A shard without its object: a journal in memory, and commands to it. */
import { beforeEach } from "vitest";
import { deriveTransactionId } from "../../src/domain/identity/id";
import type { Transaction } from "../../src/domain/transaction/transaction";
import type { ChargeAnswer } from "../../src/processor/processor";
import { type Command, execute } from "../../src/transactions/commands/command";
import type { CommandResult } from "../../src/transactions/commands/result";
import { Journal } from "../../src/transactions/journal/journal";
import { basisOf, DECLINED, MERCHANT, NOW_MS, requestOf, TRACEPARENT } from "./examples";
import { type MemoryStorage, memoryStorage } from "./sqlite";

export const SETTLED: ChargeAnswer = { kind: "settled" };
export const A_DECLINE: ChargeAnswer = { kind: "declined", failure: DECLINED };
export const UNKNOWN: ChargeAnswer = { kind: "unknown", reason: "no answer" };
export let storage: MemoryStorage;
export let journal: Journal;

/** A shard with empty tables. */
export function freshShard(): void {
  storage = memoryStorage();
  journal = new Journal(storage.sql);
}

beforeEach(freshShard);
export const idOf = (key: string, merchant_id = MERCHANT) => deriveTransactionId(merchant_id, key);
export const create = (key = "k", fields = {}): Command => ({
  kind: "create",
  traceparent: TRACEPARENT,
  transaction_id: idOf(key),
  merchant_id: MERCHANT,
  idempotency_key: key,
  request: requestOf(fields),
});

export const about = (kind: "process" | "cancel", key = "k", merchant_id = MERCHANT): Command => ({
  kind,
  traceparent: TRACEPARENT,
  merchant_id,
  transaction_id: idOf(key),
});

export const record = (answer: ChargeAnswer, key = "k"): Command => ({
  kind: "record",
  traceparent: TRACEPARENT,
  transaction_id: idOf(key),
  answer,
});

/** As the shard does: signals are gathered for a transaction that is not there yet. */
export const decide = (command: Command, nowMs = NOW_MS): CommandResult => {
  const basis = journal.has(command.transaction_id) ? undefined : basisOf();
  return execute(journal, command, basis, "live", nowMs);
};

/** The same in a batch of its own. */
export const run = (command: Command, nowMs = NOW_MS): CommandResult => {
  const answer = decide(command, nowMs);
  journal.write();
  return answer;
};

export const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));
export const refusalOf = (answer: CommandResult) =>
  answer.kind === "refused" ? answer.refusal : undefined;
export const parsed = (answer: CommandResult): Transaction => {
  if (answer.kind === "refused") throw new Error(answer.refusal.code);
  return JSON.parse(answer.data);
};
