/** What a shard counts of commands and rounds, and under which labels. */
import type { Refusal } from "../domain/transaction/refusal";
import type { Status } from "../domain/transaction/status";
import type { ChargeAnswer } from "../processor/processor";
import type { Answer, Command } from "./commands/command";
import { ANSWER_BOUNDS_MS, type Counters, ROUND_BOUNDS } from "./counters";
import type { Settled } from "./group-commit/batcher";

/** Counts a command that has written something, and what a processor's answer had wrong. To be called inside
 *  its commit. */
export function countWritten(counters: Counters, command: Command, answer: Answer): void {
  if (command.kind === "record") countAnomalies(counters, command.answer, answer);
  if (answer.kind === "refused" || !answer.wrote) return;
  if (command.kind === "record") counters.addWithin("charges", `outcome=${command.answer.kind}`);
  else counters.addWithin("commands", labelsOf(command.kind, outcomeOf(command.kind, answer)));
}

/** Counts what was wrong with a processor's answer, also when nothing is written because of it. */
function countAnomalies(counters: Counters, said: ChargeAnswer, answer: Answer): void {
  if (said.kind !== "unknown" && said.mended) counters.addWithin("anomalies", "kind=mended");
  if (said.kind === "unknown" && said.differs)
    counters.addWithin("anomalies", "kind=other_payment");
  if (answer.kind === "told" && answer.contradicts) {
    counters.addWithin("anomalies", "kind=contradiction");
  }
}

/** Counts a round, and those of its commands that have written nothing. */
export function countRound(
  counters: Counters,
  commands: Command[],
  settled: Settled<Answer>[],
): void {
  const labels = `rounds=${commands[0]?.kind === "process" ? "claims" : "others"}`;
  counters.observe("round_commands", labels, ROUND_BOUNDS, commands.length);
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
  counters.observe("answer_ms", "kind=get", ANSWER_BOUNDS_MS, tookMs);
}

/** Counts a command that is refused before it is in any round. */
export function countTurnedAway(counters: Counters, { kind }: Command): void {
  counters.add("commands", labelsOf(kind, "refused:shard_count_changed"));
}

/** Counts a create that was answered from the store, without a round. */
export function countRepeated(counters: Counters, answer: Answer): void {
  counters.add("commands", labelsOf("create", outcomeOf("create", answer)));
}

/** Notes how long a command took from its arrival to its answer. */
export function countAnswer(counters: Counters, { kind }: Command, tookMs: number): void {
  counters.observe("answer_ms", `kind=${kind}`, ANSWER_BOUNDS_MS, tookMs);
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

function outcomeOf(kind: Exclude<Command["kind"], "record">, answer: Answer): string {
  if (answer.kind === "refused") {
    const { code } = answer.refusal;
    return code === "idempotency_key_reused" ? "conflict" : `refused:${code}`;
  }
  if (!answer.wrote) return "replayed";
  if (kind !== "create") return WRITTEN[kind];
  return (answer.kind === "told" && CREATED[answer.status]) || "created";
}
