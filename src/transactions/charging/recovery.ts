/** The work of a shard's alarm: repeats charges without an outcome, and ends reviews without a decision in time. */
import { ClockWatch } from "../../domain/time/clock";
import { describeFault, type Log, traceFields } from "../../observability/log";
import type { Command } from "../commands/command";
import type { Journal } from "../journal/journal";
import type { Charges } from "./charges";

/** How many charges one alarm repeats and how many reviews it ends; the next alarm, a second later, continues. */
const MAX_RESUMED = 100;

type Dependencies = {
  journal: Journal;
  charges: Charges;
  /** Adds a command to the next batch. */
  submit: (command: Command) => Promise<unknown>;
  log: Log;
};

export class Recovery {
  readonly #dependencies: Dependencies;
  readonly #clock = new ClockWatch();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Starts everything that is due and waits for nothing: a charge may take seconds, and if the object stops before its
   *  end the next alarm repeats it. */
  begin(nowMs: number): void {
    const { journal, charges } = this.#dependencies;
    if (this.#clock.hasGoneBack(nowMs)) {
      journal.charges.bringForward(nowMs);
      journal.reviews.bringForward(nowMs);
    }
    const due = journal.charges
      .due(nowMs, MAX_RESUMED + charges.underWay)
      .filter(({ transaction_id }) => !charges.isUnderWay(transaction_id));
    for (const { transaction_id } of due) this.#resume(transaction_id);
    for (const id of journal.reviews.due(nowMs, MAX_RESUMED)) this.#expire(id);
  }

  #resume(transaction_id: string): void {
    const { journal, charges, log } = this.#dependencies;
    const owned = journal.find(transaction_id);
    const open = journal.charges.find(transaction_id);
    if (!owned || !open) return;
    const order = { transaction: owned.transaction, attempt: open.attempts + 1 };
    const traceparent = this.#lastTraceparent(transaction_id);
    charges.carryOut(order, traceparent).catch((fault) => {
      const fields = { transaction_id, fault: describeFault(fault), ...traceFields(traceparent) };
      log("error", "charge.failed", fields);
    });
  }

  /** A review that is decided before the batch begins stays as it is. */
  #expire(transaction_id: string): void {
    const { submit, log } = this.#dependencies;
    const traceparent = this.#lastTraceparent(transaction_id);
    submit({ kind: "expire", transaction_id, traceparent }).catch((fault) => {
      const fields = { transaction_id, fault: describeFault(fault), ...traceFields(traceparent) };
      log("error", "review.failed", fields);
    });
  }

  /** The alarm's work belongs to the trace of the last event: the claim, or the create. */
  #lastTraceparent(transactionId: string): string | null {
    return this.#dependencies.journal.readEvents(transactionId).at(-1)?.traceparent ?? null;
  }
}
