/** VelocityShard: the one serial counter of the customers that live here. It knows payments and
 *  times, nothing of scores or statuses. */
import { DurableObject } from "cloudflare:workers";
import type { Env } from "../config";
import { type Observation, type Signals, WINDOWS_MS } from "../domain/velocity";
import { SWEEP_ROWS, Windows } from "./windows";

/** Expired rows are worth an hour's patience: they cost disk, never exactness. */
const SWEEP_EVERY_MS = WINDOWS_MS.hour;

export class VelocityShard extends DurableObject<Env> {
  readonly #windows: Windows;
  #now: number;
  #alarmSet = false;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#windows = new Windows(state.storage.sql);
    this.#now = this.#windows.span()?.newest ?? 0;
    state.blockConcurrencyWhile(async () => {
      this.#alarmSet = (await state.storage.getAlarm()) !== null;
    });
  }

  /** Counts each payment once and returns its signals, in order; all of them in one commit.
   *  A payment reported before gets the answer it got then. */
  observe(payments: Observation[]): Signals[] {
    // The clock of this object alone decides, and it never steps back.
    const now = Math.max(Date.now(), this.#now);
    this.#now = now;
    try {
      const signals = this.ctx.storage.transactionSync(() =>
        payments.map((payment) => this.#windows.observe(payment, now)),
      );
      if (!this.#alarmSet) this.#sweepAt(now + SWEEP_EVERY_MS);
      return signals;
    } catch (fault) {
      this.#windows.forget();
      throw fault;
    }
  }

  /** Answers when the object is alive and its storage can be read. */
  ready(): boolean {
    return this.#windows.span() !== null;
  }

  override async alarm(): Promise<void> {
    this.#alarmSet = false;
    const now = Math.max(Date.now(), this.#now);
    const deleted = this.#windows.sweep(now);
    if (deleted >= SWEEP_ROWS) this.#sweepAt(now);
    else if (this.#windows.span()) this.#sweepAt(now + SWEEP_EVERY_MS);
  }

  #sweepAt(time: number): void {
    this.#alarmSet = true;
    void this.ctx.storage.setAlarm(time);
  }
}
