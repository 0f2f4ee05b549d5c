/** A shard without its object: a journal in memory, and commands to it. */
import { beforeEach } from "vitest";
import { deriveTransactionId } from "../../src/domain/identity/id";
import type { Transaction } from "../../src/domain/transaction/transaction";
import type { Answer } from "../../src/processor/processor";
import { type Command, execute } from "../../src/transactions/commands/command";
import type { CommandResult } from "../../src/transactions/commands/result";
import { Journal } from "../../src/transactions/journal/journal";
import { basisOf, DECLINED, LIVE, MERCHANT, NOW_MS, requestOf, TRACEPARENT } from "./examples";
import { type MemoryStorage, memoryStorage } from "./sqlite";

export const SETTLED: Answer = { kind: "done" };
export const A_DECLINE: Answer = { kind: "declined", failure: DECLINED };
export const UNKNOWN: Answer = { kind: "unknown", reason: "no answer" };
export let storage: MemoryStorage;
export let journal: Journal;

/** A shard with empty tables. */
export function freshShard(): void {
  storage = memoryStorage();
  journal = new Journal(storage.sql);
}

/** The same shard after a crash: nothing in memory survives. */
export function restartShard(): void {
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

export const record = (answer: Answer, key = "k"): Command => ({
  kind: "record",
  traceparent: TRACEPARENT,
  transaction_id: idOf(key),
  answer,
  operation: "charge",
  get claimed_version() {
    return claimedVersion(idOf(key));
  },
});

/** The version of the last claim, or of a transaction that was never claimed. */
export function claimedVersion(id: string): number {
  const { status, version } = journal.find(id)?.transaction ?? { status: "", version: 0 };
  if (status === "processing") return version;
  const claims = journal.readEvents(id).filter(({ type }) => type === "transaction.processing");
  return claims.at(-1)?.sequence ?? version;
}

/** As the shard does: signals are gathered for a transaction that is not there yet. */
export const decide = (command: Command, nowMs = NOW_MS): CommandResult => {
  const basis = journal.has(command.transaction_id) ? undefined : basisOf();
  return execute(journal, command, basis, LIVE, nowMs);
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
