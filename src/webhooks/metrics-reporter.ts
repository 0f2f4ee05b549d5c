/** Writes this dispatcher's counters to D1. It writes totals, not increments, so a write that is lost, late or repeated
 *  does no harm. */
import { afterFailure, type Backoff, NO_BACKOFF } from "../domain/time/backoff";
import { dueAtMs, isDue } from "../domain/time/clock";
import type { Count } from "../observability/durable-counters";
import { describeFault, type Log } from "../observability/log";

/** How old the values of a scrape may be. Each report writes every counter that changed meanwhile to D1, and costs the
 *  dispatcher an alarm: rows that are billed. */
const REPORT_EVERY_MS = 10_000;
const BACKOFF: Backoff = { first_ms: REPORT_EVERY_MS, most_ms: 60_000 };

export class MetricsReporter {
  readonly #counts: () => Count[];
  readonly #write: (counts: Count[]) => Promise<void>;
  readonly #log: Log;
  /** The values that D1 has, as far as this object has written them: after a restart all are written again. */
  readonly #reported = new Map<string, number>();
  #isUnderWay = false;
  #backoff = NO_BACKOFF;

  constructor(counts: () => Count[], write: (counts: Count[]) => Promise<void>, log: Log) {
    this.#counts = counts;
    this.#write = write;
    this.#log = log;
  }

  /** When the next report is due; undefined when there is nothing new. */
  nextAtMs(nowMs: number): number | undefined {
    if (!this.#isOpen) return undefined;
    const dueMs = dueAtMs(this.#backoff.until_ms, nowMs, BACKOFF.most_ms);
    return dueMs > nowMs ? dueMs : nowMs + REPORT_EVERY_MS;
  }

  /** Whether there is something to report. */
  get #isOpen(): boolean {
    return this.#counts().some((count) => this.#isUnreported(count));
  }

  /** Writes what is new, when a report is due. Never throws. */
  async report(nowMs: number): Promise<void> {
    const unreported = this.#unreported();
    const isTime = isDue(this.#backoff.until_ms, nowMs, BACKOFF.most_ms);
    if (unreported.length === 0 || this.#isUnderWay || !isTime) return;
    this.#isUnderWay = true;
    this.#backoff = { ...this.#backoff, until_ms: nowMs + REPORT_EVERY_MS };
    try {
      await this.#write(unreported);
      for (const count of unreported) this.#reported.set(formatName(count), count.value);
      this.#backoff = { ...this.#backoff, failures: 0 };
    } catch (fault) {
      this.#backoff = afterFailure(this.#backoff, nowMs, BACKOFF);
      const { failures } = this.#backoff;
      this.#log("error", "webhook_counts.failed", { failures, fault: describeFault(fault) });
    } finally {
      this.#isUnderWay = false;
    }
  }

  /** Copies, because counting continues during the write. */
  #unreported(): Count[] {
    return this.#counts()
      .filter((count) => this.#isUnreported(count))
      .map((count) => ({ ...count }));
  }

  #isUnreported(count: Count): boolean {
    return this.#reported.get(formatName(count)) !== count.value;
  }
}

const formatName = ({ name, labels }: Count): string => `${name} ${labels}`;
