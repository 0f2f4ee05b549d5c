/** A merchant's dispatcher's counters, all written in the commit of what they count.
 *
 *  A stock (how many deliveries are pending) is two counters that only grow, entered and left, so that sums over
 *  dispatchers are right whenever each of them reports. */

import type { DeliveryStatus } from "../domain/webhook/webhook";
import { Counts } from "../observability/durable-counters";
import type { StateRow } from "../runtime/state/state-row";
import { ENDPOINT } from "./store/sql-values";

/** Upper bounds of the histogram of times from event to delivery: a healthy delivery, and the retries. */
export const DELAY_BOUNDS_MS = [
  100, 250, 500, 1_000, 2_500, 5_000, 15_000, 60_000, 300_000, 1_800_000, 7_200_000, 43_200_000,
  172_800_000,
];

export type WebhookCounter =
  | "attempts"
  | "deliveries_entered"
  | "deliveries_left"
  | "endpoints_entered"
  | "endpoints_left"
  | "endpoints_disabled";
export type WebhookHistogram = "delay_ms";

export class WebhookCounters extends Counts<WebhookCounter, WebhookHistogram> {
  readonly #state: StateRow;
  readonly #forgets: (() => void)[] = [];

  constructor(state: StateRow) {
    super(state, true);
    this.#state = state;
  }

  /** @param forget drops what memory holds of the tables; called after a rollback */
  onRollback(forget: () => void): void {
    this.#forgets.push(forget);
  }

  /** Counts new deliveries, which are pending. That alone does not write the counters: a start counts them again
   *  (`Numbering`). */
  added(deliveries = 1): void {
    this.addRecountable("deliveries_entered", "status=pending", deliveries);
  }

  /** Counts deliveries that moved from one status to another; null for deleted ones. */
  moved(from: DeliveryStatus | null, to: DeliveryStatus | null, deliveries = 1): void {
    if (from !== null) this.addWithin("deliveries_left", `status=${from}`, deliveries);
    if (to !== null) this.addWithin("deliveries_entered", `status=${to}`, deliveries);
  }

  /** Counts an endpoint that was enabled or disabled; null for a new or deleted one. */
  switched(from: boolean | null, to: boolean | null): void {
    if (from !== null) this.addWithin("endpoints_left", formatState(from));
    if (to !== null) this.addWithin("endpoints_entered", formatState(to));
  }

  /** Commits what `work` writes together with what it counts, or rolls both back and throws. */
  commit<Value>(storage: DurableObjectStorage, work: () => Value): Value {
    try {
      const value = storage.transactionSync(() => {
        const done = work();
        this.#state.write();
        return done;
      });
      this.committed();
      return value;
    } catch (fault) {
      this.rolledBack();
      for (const forget of this.#forgets) forget();
      throw fault;
    }
  }

  /** Counts what a start has to: the deliveries that were added after the counters were written last, and all that a
   *  dispatcher of the first release had, which counted nothing. Call it inside a commit.
   *  @param uncounted how many deliveries were added since */
  begin(sql: SqlStorage, uncounted: number): void {
    if (uncounted > 0) this.added(uncounted);
    if (this.all().length > 0) return;
    const stocks = sql.exec<{ status: DeliveryStatus; n: number }>(
      "SELECT status, count(*) AS n FROM deliveries GROUP BY status",
    );
    for (const { status, n } of stocks) this.moved(null, status, n);
    const endpoints = sql.exec<{ enabled: number }>(
      `SELECT enabled FROM endpoints WHERE kind = ${ENDPOINT}`,
    );
    for (const { enabled } of endpoints) this.switched(null, enabled === 1);
  }
}

const formatState = (isEnabled: boolean): string => `state=${isEnabled ? "enabled" : "disabled"}`;
