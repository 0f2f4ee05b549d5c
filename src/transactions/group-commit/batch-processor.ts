/** Processes one batch: reads the decision inputs, then decides and commits without an `await` between. `batcher.ts` forms
 *  the batches. */
import type { ProcessorTerms } from "../../domain/transaction/livemode";
import { describeFault, type Log, traceFields } from "../../observability/log";
import { type Command, execute } from "../commands/command";
import { refusedCreate } from "../commands/create";
import { type CommandResult, refused } from "../commands/result";
import { countBatch, countWritten } from "../count-commands";
import type { Counters } from "../counters";
import type { Journal } from "../journal/journal";
import type { OutboxRelays } from "../outbox/relays";
import {
  type DecisionInputs,
  type DecisionSources,
  newPayments,
  readDecisionInputs,
} from "../risk/decision-inputs";
import { commitBatch } from "./atomic-batch";
import type { CommandOutcome } from "./batcher";

/** How long a response of an object with a single transaction waits for the book. */
const BOOK_WAIT_MS = 2_000;

/** The result of a command. `in_book` resolves when its batch is in the book, with false when that takes longer than a
 *  response may wait; undefined when the response waits for nothing. */
export type Committed = { result: CommandResult; in_book: Promise<boolean> | undefined };

export type BatchDependencies = {
  journal: Journal;
  counters: Counters;
  relays: OutboxRelays;
  /** The inputs of creates. */
  sources: DecisionSources;
  /** The deployment's processor. */
  processor: ProcessorTerms;
  /** Whether responses wait for the book. They do only where the readers of the book cannot ask its writers to bring it up to
   *  date first, because there is no list of the objects. */
  waits_for_book: boolean;
  log: Log;
  /** The deployment's shard count; undefined before the first call. */
  shards: () => number | undefined;
  /** Sets the alarm for open work. */
  arm: (nowMs: number, hasWritten: boolean) => void;
  /** Ends the object and discards what was written since the last `await`. */
  reset: (fault: unknown) => never;
};

export class BatchProcessor {
  readonly #dependencies: BatchDependencies;

  constructor(dependencies: BatchDependencies) {
    this.#dependencies = dependencies;
  }

  /** Processes one batch. @throws a fault of reading, before anything is changed */
  async run(commands: Command[]): Promise<CommandOutcome<Committed>[]> {
    const { journal, counters, relays, sources, processor, arm, reset } = this.#dependencies;
    journal.load(commands.map(({ transaction_id }) => transaction_id));
    // A payment that is refused in any case is not counted for the customer's velocity.
    const payments = newPayments(commands, (id) => journal.has(id)).filter(
      (payment) => !refusedCreate(payment, processor),
    );
    const inputs = await readDecisionInputs(payments, sources);
    const lastPosition = journal.lastPosition;
    const changes = journal.changes;
    const now = Date.now();
    const executed = commitBatch(
      commands,
      (command) => this.#execute(command, inputs.get(command.transaction_id), now),
      () => this.#finish(changes),
      { changes: () => journal.changes, reset },
    );
    countBatch(counters, commands, executed);
    const hasWritten = journal.changes > changes;
    if (hasWritten || counters.isOpen) arm(now, hasWritten);
    if (journal.lastPosition > lastPosition) relays.drainSoon();

    const isAwaited =
      this.#dependencies.waits_for_book &&
      executed.some((outcome, at) => outcome.ok && isAnswered(commands[at], outcome.result));
    const in_book = isAwaited ? relays.writeBook(now, BOOK_WAIT_MS) : undefined;
    return executed.map(
      (outcome): CommandOutcome<Committed> =>
        outcome.ok ? { ok: true, result: { result: outcome.result, in_book } } : outcome,
    );
  }

  /** Executes one command inside the commit. A create without its inputs is refused and not stored. */
  #execute(command: Command, inputs: DecisionInputs | undefined, nowMs: number): CommandResult {
    const { journal, counters, log, processor } = this.#dependencies;
    if (inputs && !inputs.ok && !journal.has(command.transaction_id)) {
      const { transaction_id, traceparent } = command;
      log("error", "risk.failed", {
        transaction_id,
        fault: describeFault(inputs.fault),
        ...traceFields(traceparent),
      });
      return refused({ code: "unavailable" });
    }
    const basis = inputs?.ok ? inputs.basis : undefined;
    const result = execute(journal, command, basis, processor, nowMs);
    countWritten(counters, command, result);
    if (command.kind === "report") logContradiction(log, command, result);
    return result;
  }

  /** Writes what the batch as a whole leaves behind, in the same commit.
   *  @param changes how many the journal had before the batch */
  #finish(changes: number): void {
    const { journal, counters, relays, shards } = this.#dependencies;
    counters.committed();
    if (journal.changes === changes) return; // What was only counted is written by the next commit, or the alarm.
    const count = shards();
    if (count !== undefined) journal.checkpoints.set("transaction_shards", count);
    relays.storeCheckpoints();
    journal.write();
  }
}

/** A report that contradicts what is stored is logged, because people have to look. */
function logContradiction(
  log: Log,
  { transaction_id, traceparent, report }: Command<"report">,
  result: CommandResult,
): void {
  if (result.kind !== "done" || result.reported !== "contradicts") return;
  log("error", "report.contradicted", {
    transaction_id,
    operation: report.kind,
    outcome: report.kind === "dispute" ? report.dispute.status : report.state,
    reason: `the transaction is ${result.status}`,
    ...traceFields(traceparent),
  });
}

/** Whether a response with what was written follows. That of a claim follows the record of the processor's answer, also if
 *  the outcome is still unknown then. */
function isAnswered(command: Command | undefined, result: CommandResult): boolean {
  if (result.kind === "refused" || !result.wrote) return false;
  return result.kind === "done" || command?.kind === "record";
}
