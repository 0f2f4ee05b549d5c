/** What a shard counts of commands and rounds, and under which labels. */
import type { Refusal } from "../domain/transaction/refusal";
import type { Status } from "../domain/transaction/status";
import type { ChargeAnswer } from "../processor/processor";
import type { Command, CommandResult } from "./commands/command";
import { BATCH_BOUNDS, type Counters, DURATION_BOUNDS_MS } from "./counters";
import type { CommandOutcome } from "./group-commit/batcher";

/** Counts a command that has written something, and what a processor's answer had wrong. To be called inside
 *  its commit. */
export function countWritten(counters: Counters, command: Command, answer: CommandResult): void {
  if (command.kind === "record") countAnomalies(counters, command.answer, answer);
  if (answer.kind === "refused" || !answer.wrote) return;
  if (command.kind === "record") counters.addWithin("charges", `outcome=${command.answer.kind}`);
  else counters.addWithin("commands", labelsOf(command.kind, outcomeOf(command.kind, answer)));
}

/** Counts what was wrong with a processor's answer, also when nothing is written because of it. */
function countAnomalies(counters: Counters, said: ChargeAnswer, answer: CommandResult): void {
  if (said.kind !== "unknown" && said.mended) counters.addWithin("anomalies", "kind=mended");
  if (said.kind === "unknown" && said.differs)
    counters.addWithin("anomalies", "kind=other_payment");
  if (answer.kind === "done" && answer.contradicts) {
    counters.addWithin("anomalies", "kind=contradiction");
  }
}

/** Counts a round, and those of its commands that have written nothing. */
export function countBatch(
  counters: Counters,
  commands: Command[],
  settled: CommandOutcome<CommandResult>[],
): void {
  const labels = `rounds=${commands[0]?.kind === "process" ? "claims" : "others"}`;
  counters.observe("round_commands", labels, BATCH_BOUNDS, commands.length);
  commands.forEach(({ kind }, index) => {
    const outcome = settled[index];
    if (kind === "record" || !outcome) return;
    if (!outcome.ok) counters.add("commands", labelsOf(kind, "faulted"));
    else if (outcome.answer.kind === "refused" || !outcome.answer.wrote) {
      counters.add("commands", labelsOf(kind, outcomeOf(kind, outcome.answer)));
    }
  });
}

/** Counts a question for a transaction, and how long its answer took. */
export function countGet(
  counters: Counters,
  reply: { ok: true } | { ok: false; refusal: Refusal },
  tookMs: number,
): void {
  const outcome = reply.ok ? "found" : `refused:${reply.refusal.code}`;
  counters.add("commands", labelsOf("get", outcome));
  counters.observe("answer_ms", "kind=get", DURATION_BOUNDS_MS, tookMs);
}

/** Counts a command that is refused before it is in any round. */
export function countRejected(counters: Counters, { kind }: Command): void {
  counters.add("commands", labelsOf(kind, "refused:shard_count_changed"));
}

/** Counts a create that was answered from the store, without a round. */
export function countRepeated(counters: Counters, answer: CommandResult): void {
  counters.add("commands", labelsOf("create", outcomeOf("create", answer)));
}

/** Notes how long a command took from its arrival to its answer. */
export function countDuration(counters: Counters, { kind }: Command, tookMs: number): void {
  counters.observe("answer_ms", `kind=${kind}`, DURATION_BOUNDS_MS, tookMs);
}

function labelsOf(kind: Command["kind"] | "get", outcome: string): string {
  return `kind=${kind},outcome=${outcome}`;
}

const WRITTEN = {
  process: "processed",
  cancel: "cancelled",
  review: "reviewed",
  resolve: "resolved",
  expire: "expired",
} as const;
const CREATED: Partial<Record<Status, string>> = { failed: "blocked", review: "held" };

function outcomeOf(kind: Exclude<Command["kind"], "record">, answer: CommandResult): string {
  if (answer.kind === "refused") {
    const { code } = answer.refusal;
    return code === "idempotency_key_reused" ? "conflict" : `refused:${code}`;
  }
  if (!answer.wrote) return "replayed";
  if (kind !== "create") return WRITTEN[kind];
  return (answer.kind === "done" && CREATED[answer.status]) || "created";
}
