/** VelocityShard: the one serial counter of the subjects that live here. It knows payments, times and what
 *  payments came to, nothing of scores or rules. */
import { DurableObject } from "cloudflare:workers";
import { configOf, type Env } from "../config";
import { type Asked, parseMeasure, WINDOWS_MS } from "../domain/risk/measure";
import type { Observation, Release } from "../domain/risk/observation";
import { resetObject } from "../reset";
import { type Log, logFrom } from "../telemetry/log";
import { SWEEP_ROWS, sweep } from "./sweeping";
import { Windows } from "./windows";

/** Expired rows are worth an hour's patience: they cost disk, never exactness. */
const SWEEP_EVERY_MS = WINDOWS_MS["1h"];

export class VelocityShard extends DurableObject<Env> {
  readonly #log: Log;
  readonly #windows: Windows;
  #now: number;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#log = logFrom(configOf(env).log_level);
    this.#windows = state.storage.transactionSync(() => new Windows(state.storage.sql));
    this.#now = this.#windows.newestAt;
    state.blockConcurrencyWhile(async () => {
      const alarm = await state.storage.getAlarm();
      if (alarm === null) await state.storage.setAlarm(this.#tick() + SWEEP_EVERY_MS);
    });
  }

  /** Counts each payment once for its subject and returns the measures it asks for, in order; all of them
   *  in one commit. A payment reported before gets the answers it got then. A measure that does not exist
   *  is a fault of the caller's, which asks for what it has parsed: nothing is counted, no answer is guessed. */
  observe(observations: Observation[]): number[][] {
    const asked = observations.map(({ measures }) => measures.map(known));
    const now = this.#tick();
    return this.#commit(() =>
      observations.map((payment, index) => this.#windows.observe(payment, asked[index] ?? [], now)),
    );
  }

  /** Notes of each payment that it came to nothing, once; all of them in one commit. */
  release(releases: Release[]): void {
    this.#commit(() => {
      for (const release of releases) this.#windows.release(release);
    });
  }

  /** Answers when the object is alive and its storage can be read. */
  ready(): boolean {
    this.ctx.storage.sql.exec("SELECT 1 FROM counted_payments LIMIT 1").toArray();
    return true;
  }

  override async alarm(): Promise<void> {
    const now = this.#tick();
    const deleted = this.ctx.storage.transactionSync(() => sweep(this.ctx.storage.sql, now));
    await this.ctx.storage.setAlarm(deleted >= SWEEP_ROWS ? now : now + SWEEP_EVERY_MS);
  }

  /** The clock of this object alone decides, and it never steps back. */
  #tick(): number {
    this.#now = Math.max(Date.now(), this.#now);
    return this.#now;
  }

  /** What is written without an `await` between is one commit. What cannot be finished has not happened. */
  #commit<Value>(write: () => Value): Value {
    try {
      return write();
    } catch (fault) {
      return resetObject(this.ctx, this.#log, fault);
    }
  }
}

function known(name: string): Asked {
  const asked = parseMeasure(name);
  if (!asked) throw new Error(`no measure is called ${name}`);
  return asked;
}
