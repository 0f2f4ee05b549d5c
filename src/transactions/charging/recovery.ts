/** The work of a shard's alarm: repeats operations without an outcome, ends reviews without a decision in time, and voids
 *  authorizations that were not captured in time. */
import { isRefundId, transactionOfRefund } from "../../domain/identity/id";
import { ClockWatch } from "../../domain/time/clock";
import { describeFault, type Log, traceFields } from "../../observability/log";
import { ignoreTimeout, withTimeout } from "../../runtime/with-timeout";
import { ALARM_INTERVAL_MS } from "../alarm-schedule";
import type { Command } from "../commands/command";
import type { OperationOrder } from "../commands/result";
import type { Committed } from "../group-commit/batch-processor";
import type { Journal } from "../journal/journal";
import type { OutboxRelays } from "../outbox/relays";
import { type Charges, keyOf } from "./charges";
import type { OpenCharge } from "./open-charges";

/** How many operations one alarm repeats, and how many transactions whose time is over; the next alarm, a second later,
 *  continues. */
const MAX_RESUMED = 100;

type Dependencies = {
  journal: Journal;
  charges: Charges;
  relays: Pick<OutboxRelays, "drain" | "moveEarlierBook" | "storeCheckpoints">;
  /** Adds a command to the next batch. */
  submit: (command: Command) => Promise<Committed>;
  /** Moves some events of an earlier release to their new form, if there are any. */
  moveEarlierEvents: () => void;
  /** Begins to archive payments, if there are any to archive. */
  archive: (nowMs: number) => void;
  log: Log;
};

export class Recovery {
  readonly #dependencies: Dependencies;
  readonly #clock = new ClockWatch();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Begins what is due and continues the deliveries. Never throws, because the platform stops calling an alarm that keeps
   *  failing. */
  async run(nowMs: number): Promise<void> {
    const { journal, relays, log } = this.#dependencies;
    try {
      this.begin(nowMs);
      // A long drain continues after the timeout: charges and other destinations need the next alarm meanwhile.
      const work = Promise.all([relays.drain(nowMs), relays.moveEarlierBook(nowMs)]);
      await withTimeout(ALARM_INTERVAL_MS, work).catch(ignoreTimeout);
      relays.storeCheckpoints();
      journal.state.write();
      this.#dependencies.moveEarlierEvents();
      this.#dependencies.archive(nowMs);
    } catch (fault) {
      log("error", "alarm.failed", { fault: describeFault(fault) });
    }
  }

  /** Starts everything that is due and waits for nothing: a call may take seconds, and if the object stops before its
   *  end the next alarm repeats it. */
  begin(nowMs: number): void {
    const { journal, charges } = this.#dependencies;
    if (this.#clock.hasGoneBack(nowMs)) {
      journal.charges.bringForward(nowMs);
      journal.deadlines.bringForward(nowMs);
    }
    const due = journal.charges
      .due(nowMs, MAX_RESUMED + charges.underWay)
      .flatMap((open) => this.#orderOf(open) ?? [])
      .filter((order) => !charges.isUnderWay(keyOf(order)));
    for (const order of due) this.#resume(order);
    for (const id of journal.deadlines.due(nowMs, MAX_RESUMED)) this.#expire(id);
  }

  #orderOf({ id, attempts, claimed_at_ms }: OpenCharge): OperationOrder | undefined {
    const { journal } = this.#dependencies;
    const isRefund = isRefundId(id);
    const owned = journal.find(isRefund ? transactionOfRefund(id) : id);
    const refund = isRefund ? journal.refunds.find(id) : undefined;
    if (!owned || (isRefund && !refund)) return undefined;
    const { transaction } = owned;
    return { transaction, ...(refund && { refund }), attempt: attempts + 1, claimed_at_ms };
  }

  #resume(order: OperationOrder): void {
    const { charges, log } = this.#dependencies;
    const transaction_id = order.transaction.id;
    const traceparent = this.#traceparentOf(transaction_id, order.refund?.id);
    charges.carryOut(order, traceparent).catch((fault) => {
      const fields = { transaction_id, fault: describeFault(fault), ...traceFields(traceparent) };
      log("error", "charge.failed", fields);
    });
  }

  /** What is decided before the batch begins stays as it is. */
  #expire(transaction_id: string): void {
    const { submit, charges, log } = this.#dependencies;
    const traceparent = this.#traceparentOf(transaction_id);
    submit({ kind: "expire", transaction_id, traceparent })
      .then(({ result }) =>
        result.kind === "pending" ? charges.carryOut(result.order, traceparent) : undefined,
      )
      .catch((fault) => {
        const fields = { transaction_id, fault: describeFault(fault), ...traceFields(traceparent) };
        log("error", "review.failed", fields);
      });
  }

  /** The alarm's work belongs to the trace of the claim, or of the event that the deadline is from. */
  #traceparentOf(transactionId: string, refundId?: string): string | null {
    const { journal } = this.#dependencies;
    // A transaction with refunds may have hundreds of events, which are not read for each refund.
    if (refundId !== undefined) return journal.refunds.traceparentOf(refundId);
    return journal.readEvents(transactionId).at(-1)?.traceparent ?? null;
  }
}
