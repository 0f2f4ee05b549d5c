/** VelocityShard: the one serial counter of the subjects that live here. It knows payments, times and what
 *  payments came to, nothing of scores or rules. */
import { DurableObject } from "cloudflare:workers";
import type { Env } from "../config";
import { type Asked, parseMeasure, WINDOWS_MS } from "../domain/risk/measure";
import type { Observation, Release } from "../domain/risk/observation";
import { SWEEP_ROWS, sweep, sweepDueAt } from "./sweeping";
import { Windows } from "./windows";

/** Expired rows are worth an hour's patience: they cost disk, never exactness. */
const SWEEP_EVERY_MS = WINDOWS_MS["1h"];

export class VelocityShard extends DurableObject<Env> {
  readonly #windows: Windows;
  #now: number;
  #alarmSet = false;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#windows = state.storage.transactionSync(() => new Windows(state.storage.sql));
    this.#now = this.#windows.newestAt;
    state.blockConcurrencyWhile(async () => {
      this.#alarmSet = (await state.storage.getAlarm()) !== null;
    });
  }

  /** Counts each payment once for its subject and returns the measures it asks for, in order; all of them
   *  in one commit. A payment reported before gets the answers it got then. A measure that does not exist
   *  is a fault of the caller's, which asks for what it has parsed: nothing is counted, no answer is guessed. */
  observe(observations: Observation[]): number[][] {
    const asked = observations.map(({ measures }) => measures.map(known));
    const now = this.#tick();
    const answers = this.#commit(() =>
      observations.map((payment, index) => this.#windows.observe(payment, asked[index] ?? [], now)),
    );
    if (!this.#alarmSet) this.#sweepWhenDue(now);
    return answers;
  }

  /** Notes of each payment that it came to nothing, once; all of them in one commit. */
  release(releases: Release[]): void {
    this.#commit(() => {
      for (const release of releases) this.#windows.release(release);
    });
  }

  /** Answers when the object is alive and its storage can be read. */
  ready(): boolean {
    sweepDueAt(this.ctx.storage.sql);
    return true;
  }

  override async alarm(): Promise<void> {
    this.#alarmSet = false;
    const now = this.#tick();
    const deleted = this.ctx.storage.transactionSync(() => sweep(this.ctx.storage.sql, now));
    if (deleted >= SWEEP_ROWS) this.#sweepAt(now);
    else this.#sweepWhenDue(now);
  }

  /** The clock of this object alone decides, and it never steps back. */
  #tick(): number {
    this.#now = Math.max(Date.now(), this.#now);
    return this.#now;
  }

  #commit<Value>(write: () => Value): Value {
    try {
      return this.ctx.storage.transactionSync(write);
    } catch (fault) {
      this.#windows.forget();
      throw fault;
    }
  }

  #sweepWhenDue(now: number): void {
    const due = sweepDueAt(this.ctx.storage.sql);
    if (due !== undefined) this.#sweepAt(Math.max(due, now + SWEEP_EVERY_MS));
  }

  #sweepAt(time: number): void {
    this.#alarmSet = true;
    void this.ctx.storage.setAlarm(time);
  }
}

function known(name: string): Asked {
  const asked = parseMeasure(name);
  if (!asked) throw new Error(`no measure is called ${name}`);
  return asked;
}
