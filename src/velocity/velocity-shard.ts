/** VelocityShard: the one serial counter of its subjects' payments. It does not depend on scores or rules. */
import { DurableObject } from "cloudflare:workers";
import { readConfig } from "../config";
import { type Asked, DAY_MS, parseMeasure } from "../domain/risk/measure";
import type { Observation, Release } from "../domain/risk/observation";
import type { Env } from "../env";
import { createLog, describeFault, type Log } from "../observability/log";
import { abortObject } from "../runtime/abort-object";
import { Alarm } from "../runtime/alarm";
import { carryOver } from "./carry-over";
import { ObjectClock } from "./clock";
import { Sweep } from "./retention";
import type { Forgotten, ForgottenCustomer, Place } from "./rpc";
import { migrateVelocity } from "./schema";
import { VelocityCounter } from "./velocity-counter";

/** Expired rows may stay for a day: they take space, and are never counted. A sweep reads every row. */
const SWEEP_EVERY_MS = DAY_MS;
/** Steps of one alarm, so that it ends within minutes: 50 million rows. The next alarm continues. */
const MAX_SWEEP_STEPS = 10_000;
/** Between two steps payments are counted. */
const SWEEP_PAUSE_MS = 10;

export class VelocityShard extends DurableObject<Env> {
  readonly #log: Log;
  readonly #clock: ObjectClock;
  readonly #counter: VelocityCounter;
  readonly #alarm: Alarm;
  readonly #sweep = new Sweep();
  /** Whether the last alarm ended before its sweep was complete. */
  #hasMoreToSweep = false;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    const { storage } = state;
    this.#log = createLog(readConfig(env).log_level);
    storage.transactionSync(() => migrateVelocity(storage.sql));
    this.#clock = new ObjectClock(storage.sql);
    this.#counter = new VelocityCounter(storage.sql);
    this.#alarm = new Alarm(storage, 0, (nowMs) => [
      this.#hasMoreToSweep ? nowMs : nowMs + SWEEP_EVERY_MS,
    ]);
    state.blockConcurrencyWhile(async () => {
      // Each turn is a commit: an object that is ended meanwhile continues where it was.
      while (storage.transactionSync(() => carryOver(storage.sql))) await storage.sync();
      await this.#alarm.read();
      this.#alarm.arm(Date.now());
    });
  }

  /** Counts each payment once for its subject and returns the requested measures in order, all in one commit. A payment
   *  that was reported before gets the values that it got then.
   *  @throws when a measure does not exist, before anything is counted */
  observe(observations: Observation[]): number[][] {
    const reports = observations.map((payment) => ({
      payment,
      requested: payment.measures.map(readMeasure),
    }));
    const measured = this.#commit(() => this.#counter.observe(reports, this.#tick()));
    this.#alarm.armAfterWrite(Date.now());
    return measured;
  }

  /** Records each payment's outcome once, all in one commit. */
  release(releases: Release[]): void {
    this.#commit(() => {
      for (const release of releases) this.#counter.release(release);
    });
  }

  /** Deletes the payments of a customer, some rows in each call, in one commit. */
  forget(customer: ForgottenCustomer, after: Place | null): Forgotten {
    return this.#commit(() => this.#counter.forget(customer, after));
  }

  /** Returns true when the object is alive and its storage can be read. */
  ready(): boolean {
    this.ctx.storage.sql.exec("SELECT 1 FROM subject_payments LIMIT 1").toArray();
    return true;
  }

  /** Never throws, so that the runtime's backoff of alarms does not begin. */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    this.#hasMoreToSweep = false; // After a fault the next sweep is tomorrow's.
    try {
      this.#hasMoreToSweep = !(await this.#sweepAll());
    } catch (fault) {
      this.#log("error", "alarm.failed", { fault: describeFault(fault) });
    }
    this.#alarm.arm(Date.now());
  }

  /** @returns whether the sweep is complete */
  async #sweepAll(): Promise<boolean> {
    const { storage } = this.ctx;
    for (let step = 0; step < MAX_SWEEP_STEPS; step++) {
      const now = this.#tick();
      const { isComplete } = storage.transactionSync(() => this.#sweep.step(storage.sql, now));
      if (isComplete) return true;
      await scheduler.wait(SWEEP_PAUSE_MS);
    }
    return false;
  }

  /** The object's time. After a clock was far ahead, the payments counted then are dated to now: otherwise none would
   *  leave its windows until the same time has come again. */
  #tick(): number {
    return this.#clock.tick(Date.now(), (nowMs) => this.#counter.bringBack(nowMs));
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
