/** VelocityShard: the one serial counter of its subjects' payments. It does not depend on scores or rules. */
import { DurableObject } from "cloudflare:workers";
import { readConfig } from "../config";
import { type Asked, parseMeasure, WINDOWS_MS } from "../domain/risk/measure";
import type { Observation, Release } from "../domain/risk/observation";
import type { Env } from "../env";
import { createLog, describeFault, type Log } from "../observability/log";
import { abortObject } from "../runtime/abort-object";
import { Alarm } from "../runtime/alarm";
import { SWEEP_ROWS, sweep } from "./retention";
import { VelocityCounter } from "./velocity-counter";

/** While the machine's clock is at most this far behind, the object's own clock stands still: as long as the shortest
 *  window. */
const MAX_STEP_BACK_MS = WINDOWS_MS["1m"];
/** Expired rows may stay for an hour: they take space, and are never counted. */
const SWEEP_EVERY_MS = WINDOWS_MS["1h"];

export class VelocityShard extends DurableObject<Env> {
  readonly #log: Log;
  readonly #counter: VelocityCounter;
  readonly #alarm: Alarm;
  #now: number;
  /** Whether the last sweep reached its limit of rows. */
  #hasMoreToSweep = false;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#log = createLog(readConfig(env).log_level);
    this.#counter = state.storage.transactionSync(() => new VelocityCounter(state.storage.sql));
    this.#now = this.#counter.newestAt;
    this.#alarm = new Alarm(state.storage, 0, (nowMs) => [
      this.#hasMoreToSweep ? nowMs : nowMs + SWEEP_EVERY_MS,
    ]);
    state.blockConcurrencyWhile(async () => {
      await this.#alarm.read();
      this.#alarm.arm(Date.now());
    });
  }

  /** Counts each payment once for its subject and returns the requested measures in order, all in one commit. A payment
   *  that was reported before gets the values that it got then.
   *  @throws when a measure does not exist, before anything is counted */
  observe(observations: Observation[]): number[][] {
    const requested = observations.map(({ measures }) => measures.map(readMeasure));
    const measured = this.#commit(() => {
      const now = this.#tick();
      return observations.map((payment, index) =>
        this.#counter.observe(payment, requested[index] ?? [], now),
      );
    });
    this.#alarm.armAfterWrite(Date.now());
    return measured;
  }

  /** Records each payment's outcome once, all in one commit. */
  release(releases: Release[]): void {
    this.#commit(() => {
      for (const release of releases) this.#counter.release(release);
    });
  }

  /** Returns true when the object is alive and its storage can be read. */
  ready(): boolean {
    this.ctx.storage.sql.exec("SELECT 1 FROM counted_payments LIMIT 1").toArray();
    return true;
  }

  /** Never throws, so that the runtime's backoff of alarms does not begin. */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    const { storage } = this.ctx;
    try {
      const deleted = storage.transactionSync(() => sweep(storage.sql, this.#tick()));
      this.#hasMoreToSweep = deleted >= SWEEP_ROWS;
    } catch (fault) {
      this.#log("error", "alarm.failed", { fault: describeFault(fault) });
    }
    this.#alarm.arm(Date.now());
  }

  /** The object's own clock, which only goes forward and stands still while the machine's is behind it. When that is far
   *  behind, it was ahead before, and the payments counted then are dated to now: otherwise none would leave its windows
   *  until the same time has come again. Call it inside a commit. */
  #tick(): number {
    const now = Date.now();
    if (this.#now - now > MAX_STEP_BACK_MS) {
      this.#counter.bringBack(now);
      this.#now = now;
    }
    this.#now = Math.max(now, this.#now);
    return this.#now;
  }

  /** Writes without an `await` between them are one commit. A write that fails ends the object, so that nothing of it is
   *  stored. */
  #commit<Value>(write: () => Value): Value {
    try {
      return write();
    } catch (fault) {
      return abortObject(this.ctx, this.#log, fault);
    }
  }
}

function readMeasure(name: string): Asked {
  const measure = parseMeasure(name);
  if (!measure) throw new Error(`no measure is called ${name}`);
  return measure;
}
