/** What happens in one round: gather, then decide and commit without an `await` between, then write the
 *  book. When a round is played, and with which commands, is for `rounds.ts` to say. */
import type { ProcessorMode } from "../../domain/transaction/livemode";
import { describeFault, type Log, traceFields } from "../../observability/log";
import { withTimeout } from "../../runtime/with-timeout";
import { type Command, type CommandResult, execute } from "../commands/command";
import type { Counters } from "../counters";
import type { Journal } from "../journal/journal";
import { countBatch, countWritten } from "../metrics";
import type { OutboxRelays } from "../outbox/relays";
import {
  type DecisionInputs,
  type DecisionSources,
  newPayments,
  readDecisionInputs,
} from "../risk/decision-inputs";
import { commitBatch } from "./atomic-batch";
import type { CommandOutcome, Round } from "./batcher";

/** Several times what a write of the book takes when all is well. */
const ROUND_PACE_MS = 250;

/** An answer, and whether the book has it: settled once for the whole round. */
export type Committed = { answer: CommandResult; appended: Promise<boolean> | undefined };

/** The parts of a shard that a round needs. */
export type Parts = {
  journal: Journal;
  counters: Counters;
  outboxes: OutboxRelays;
  /** What creates are decided by. */
  sources: DecisionSources;
  /** What the deployment charges with. */
  mode: ProcessorMode;
  log: Log;
  /** The deployment's shard count, once a caller has told it. */
  shards: () => number | undefined;
  /** Sets the alarm for open work. */
  arm: (nowMs: number, hasWritten: boolean) => void;
  /** Ends the object without keeping what has been written since the last `await`. */
  reset: (fault: unknown) => never;
};

export class BatchProcessor {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** One round: gather, then decide and commit without an `await` between, then write the book. */
  async run(commands: Command[]): Promise<Round<Committed>> {
    const { journal, counters, outboxes, sources, arm } = this.#parts;
    journal.load(commands.map(({ transaction_id }) => transaction_id));
    const payments = newPayments(commands, (id) => journal.has(id));
    const gathered = await readDecisionInputs(payments, sources);
    const before = journal.lastPosition;
    const changesBefore = journal.changes;
    const now = Date.now();
    const answers = commitBatch(
      commands,
      (command) => this.#run(command, gathered.get(command.transaction_id), now),
      () => this.#finish(now),
      { changes: () => journal.changes, reset: this.#parts.reset },
    );
    countBatch(counters, commands, answers);
    const hasEvents = journal.lastPosition > before;
    const hasWritten = journal.changes > changesBefore;
    if (hasWritten || counters.isOpen) arm(now, hasWritten);
    if (hasEvents) outboxes.drainSoon();

    const isAwaited = answers.some(
      (outcome) => outcome.ok && outcome.answer.kind === "done" && outcome.answer.wrote,
    );
    const appended = isAwaited ? outboxes.appended(journal.lastPosition, now) : undefined;
    const settled = answers.map(
      (outcome): CommandOutcome<Committed> =>
        outcome.ok ? { ok: true, answer: { answer: outcome.answer, appended } } : outcome,
    );
    // The book sets the pace while it is quick. A slow one holds up its own answers, not the next round.
    const next = appended
      ? withTimeout(ROUND_PACE_MS, appended).catch(() => false)
      : Promise.resolve();
    return { settled, next };
  }

  /** One command in a commit. A create whose signals could not be had is refused, and nothing is stored. */
  #run(command: Command, gathered: DecisionInputs | undefined, nowMs: number): CommandResult {
    const { journal, counters, log, mode } = this.#parts;
    if (gathered && !gathered.ok && !journal.has(command.transaction_id)) {
      const { transaction_id, traceparent } = command;
      log("error", "risk.failed", {
        transaction_id,
        fault: describeFault(gathered.fault),
        ...traceFields(traceparent),
      });
      return { kind: "refused", refusal: { code: "unavailable" } };
    }
    const basis = gathered?.ok ? gathered.basis : undefined;
    const answer = execute(journal, command, basis, mode, nowMs);
    countWritten(counters, command, answer);
    return answer;
  }

  /** What the round as a whole leaves behind, in the same commit. */
  #finish(nowMs: number): void {
    const { journal, counters, outboxes, shards } = this.#parts;
    journal.write();
    const count = shards();
    if (count !== undefined) journal.checkpoints.set("transaction_shards", count);
    outboxes.storeCheckpoints();
    counters.writeWithin(nowMs);
    counters.committed();
  }
}
