/** Counts commands and batches under their labels. docs/metrics.md explains each metric. */
import type { Refusal } from "../domain/transaction/refusal";
import type { Report } from "../domain/transaction/report";
import type { Status } from "../domain/transaction/status";
import type { Answer } from "../processor/processor";
import { type Command, isClaim } from "./commands/command";
import type { CommandResult } from "./commands/result";
import { BATCH_BOUNDS, type Counters, DURATION_BOUNDS_MS } from "./counters";
import type { CommandOutcome } from "./group-commit/batcher";

/** Counts a command that has changed something, and the anomalies of a processor's response. To be called inside the
 *  commit of the command. */
export function countWritten(counters: Counters, command: Command, result: CommandResult): void {
  if (command.kind === "record") countAnomalies(counters, command.answer, result);
  if (command.kind === "report") countReport(counters, command.report, result);
  if (result.kind === "refused" || !result.wrote) return;
  if (command.kind === "record") {
    const { operation, answer } = command;
    const outcome = answer.kind === "done" ? "settled" : answer.kind;
    counters.addWithin("charges", `operation=${operation},outcome=${outcome}`);
    return;
  }
  const { kind } = command;
  // A create that also processes is counted as both.
  const isClaim = kind === "create" && result.kind === "pending";
  const outcome = isClaim && result.replayed ? "replayed" : outcomeLabel(kind, result);
  counters.addWithin("commands", labels(kind, outcome));
  if (isClaim) counters.addWithin("commands", labels("process", WRITTEN.process));
}

/** Counts what was wrong with a processor's response, even if nothing is written because of it. */
function countAnomalies(counters: Counters, response: Answer, result: CommandResult): void {
  if (response.kind !== "unknown" && response.mended) {
    counters.addWithin("anomalies", "kind=mended");
  }
  if (response.kind === "unknown" && response.differs) {
    counters.addWithin("anomalies", "kind=other_payment");
  }
  if (result.kind === "done" && result.contradicts) {
    counters.addWithin("anomalies", "kind=contradiction");
  }
}

/** Counts a report by what it is about and what it has done. */
function countReport(counters: Counters, { kind }: Report, result: CommandResult): void {
  const refused = result.kind === "refused" ? `refused:${result.refusal.code}` : "";
  const reported = result.kind === "done" ? result.reported : refused;
  counters.addWithin("reports", `kind=${kind},result=${reported}`);
}

/** Counts a batch, and those of its commands that have changed nothing. */
export function countBatch(
  counters: Counters,
  commands: Command[],
  outcomes: CommandOutcome<CommandResult>[],
): void {
  const [first] = commands;
  const batchLabels = `rounds=${first && isClaim(first) ? "claims" : "others"}`;
  counters.observe("round_commands", batchLabels, BATCH_BOUNDS, commands.length);
  commands.forEach(({ kind }, index) => {
    const outcome = outcomes[index];
    if (kind === "record" || !outcome) return;
    if (!outcome.ok) counters.add("commands", labels(kind, "faulted"));
    else if (outcome.result.kind === "refused" || !outcome.result.wrote) {
      counters.add("commands", labels(kind, outcomeLabel(kind, outcome.result)));
    }
  });
}

/** Counts a read of a transaction, and its duration. */
export function countGet(
  counters: Counters,
  reply: { ok: true } | { ok: false; refusal: Refusal },
  durationMs: number,
): void {
  const outcome = reply.ok ? "found" : `refused:${reply.refusal.code}`;
  counters.add("commands", labels("get", outcome));
  counters.observe("answer_ms", "kind=get", DURATION_BOUNDS_MS, durationMs);
}

/** Counts a command that is refused before it joins a batch. */
export function countRejected(counters: Counters, { kind }: Command): void {
  counters.add("commands", labels(kind, "refused:shard_count_changed"));
}

/** Counts a create that is repeated from the journal, without a batch. */
export function countRepeated(counters: Counters, result: CommandResult): void {
  counters.add("commands", labels("create", outcomeLabel("create", result)));
}

/** Counts the time from the arrival of a command to its response. */
export function countDuration(counters: Counters, { kind }: Command, durationMs: number): void {
  counters.observe("answer_ms", `kind=${kind}`, DURATION_BOUNDS_MS, durationMs);
}

function labels(kind: Command["kind"] | "get", outcome: string): string {
  return `kind=${kind},outcome=${outcome}`;
}

const WRITTEN = {
  process: "processed",
  capture: "captured",
  refund: "refunded",
  cancel: "cancelled",
  review: "reviewed",
  resolve: "resolved",
  expire: "expired",
  report: "reported",
  erase: "erased",
} as const;
const CREATED: Partial<Record<Status, string>> = { failed: "blocked", review: "held" };

function outcomeLabel(kind: Exclude<Command["kind"], "record">, result: CommandResult): string {
  if (result.kind === "refused") {
    const { code } = result.refusal;
    return code === "idempotency_key_reused" ? "conflict" : `refused:${code}`;
  }
  if (!result.wrote) return "replayed";
  if (kind !== "create") return WRITTEN[kind];
  return (result.kind === "done" && CREATED[result.status]) || "created";
}
