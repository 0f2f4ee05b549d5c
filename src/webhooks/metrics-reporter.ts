/** Tells D1 what this dispatcher has counted. What is told are whole counts, not what came on top, so a call
 *  that is lost, late or made twice changes nothing. */
import { afterFailure, type Backoff, NO_BACKOFF } from "../domain/time/backoff";
import { dueAtMs, isDue } from "../domain/time/clock";
import type { Count } from "../observability/durable-counters";
import { describeFault, type Log } from "../observability/log";

/** How old a scrape's figures may be. Each telling is a write of D1, shared by everything counted meanwhile. */
const REPORT_EVERY_MS = 5_000;
const BACKOFF: Backoff = { first_ms: 5_000, most_ms: 60_000 };

export class MetricsReporter {
  readonly #counts: () => Count[];
  readonly #write: (counts: Count[]) => Promise<void>;
  readonly #log: Log;
  /** What D1 has been told, as far as this object remembers: after a restart all of it is told again. */
  readonly #reported = new Map<string, number>();
  #isUnderWay = false;
  #backoff = NO_BACKOFF;

  constructor(counts: () => Count[], write: (counts: Count[]) => Promise<void>, log: Log) {
    this.#counts = counts;
    this.#write = write;
    this.#log = log;
  }

  /** When D1 is to be told; undefined when it knows everything. */
  nextAtMs(nowMs: number): number | undefined {
    if (!this.isOpen) return undefined;
    return dueAtMs(this.#backoff.until_ms, nowMs, BACKOFF.most_ms);
  }

  /** Whether there is something that D1 does not know. */
  get isOpen(): boolean {
    return this.#unreported().length > 0;
  }

  /** Tells what is new, when it is time. Never throws. */
  async report(nowMs: number): Promise<void> {
    const untold = this.#unreported();
    const isTime = isDue(this.#backoff.until_ms, nowMs, BACKOFF.most_ms);
    if (untold.length === 0 || this.#isUnderWay || !isTime) return;
    this.#isUnderWay = true;
    this.#backoff = { ...this.#backoff, until_ms: nowMs + REPORT_EVERY_MS };
    try {
      await this.#write(untold);
      for (const count of untold) this.#reported.set(formatName(count), count.value);
      this.#backoff = { ...this.#backoff, failures: 0 };
    } catch (fault) {
      this.#backoff = afterFailure(this.#backoff, nowMs, BACKOFF);
      const { failures } = this.#backoff;
      this.#log("error", "webhook_counts.failed", { failures, fault: describeFault(fault) });
    } finally {
      this.#isUnderWay = false;
    }
  }

  /** Copies, because counts go on while D1 is being told. */
  #unreported(): Count[] {
    return this.#counts()
      .filter((count) => this.#reported.get(formatName(count)) !== count.value)
      .map((count) => ({ ...count }));
  }
}

const formatName = ({ name, labels }: Count): string => `${name} ${labels}`;
