/** What a shard does by itself when its alarm rings: asks again about charges without an outcome, and ends
 *  reviews that nobody has decided. */
import { ClockWatch } from "../../domain/time/clock";
import { describeFault, type Log, traceFields } from "../../observability/log";
import type { Command } from "../commands/command";
import type { Journal } from "../journal/journal";
import type { Charges } from "./charges";

/** Charges that one alarm takes up again, and reviews that it ends; the rest follow with the next, a second
 *  later. */
const TAKEN_UP = 100;

type Parts = {
  journal: Journal;
  charges: Charges;
  submit: (command: Command) => Promise<unknown>;
  log: Log;
};

export class Recovery {
  readonly #parts: Parts;
  readonly #clock = new ClockWatch();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Begins with what is due, and waits for none of it: a charge may take seconds, and the next alarm sees to
   *  it if this object dies. */
  begin(nowMs: number): void {
    const { journal, charges } = this.#parts;
    if (this.#clock.hasGoneBack(nowMs)) {
      journal.charges.bringForward(nowMs);
      journal.reviews.bringForward(nowMs);
    }
    const due = journal.charges
      .due(nowMs, TAKEN_UP + charges.underWay)
      .filter(({ transaction_id }) => !charges.isUnderWay(transaction_id));
    for (const { transaction_id } of due) this.#resume(transaction_id);
    for (const transactionId of journal.reviews.due(nowMs, TAKEN_UP)) this.#expire(transactionId);
  }

  #resume(transactionId: string): void {
    const { journal, charges, log } = this.#parts;
    const held = journal.find(transactionId);
    const open = journal.charges.find(transactionId);
    if (!held || !open) return;
    const order = { transaction: held.transaction, attempt: open.attempts + 1 };
    const traceparent = this.#traceparentOf(transactionId);
    charges.carryOut(order, traceparent).catch((fault) => {
      log("error", "charge.failed", {
        transaction_id: transactionId,
        fault: describeFault(fault),
        ...traceFields(traceparent),
      });
    });
  }

  /** In a round like any other; a review that was decided meanwhile stays as it is. */
  #expire(transactionId: string): void {
    const { submit, log } = this.#parts;
    const traceparent = this.#traceparentOf(transactionId);
    submit({ kind: "expire", transaction_id: transactionId, traceparent }).catch((fault) => {
      log("error", "review.failed", {
        transaction_id: transactionId,
        fault: describeFault(fault),
        ...traceFields(traceparent),
      });
    });
  }

  /** What happens by itself belongs to the request before it: the claim, or the create. */
  #traceparentOf(transactionId: string): string | null {
    return this.#parts.journal.eventsOf(transactionId).at(-1)?.traceparent ?? null;
  }
}
