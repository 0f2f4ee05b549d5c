/** VelocityShard: the one serial counter of the subjects that live here. It knows payments, times and what
 *  payments came to, nothing of scores or rules. */
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

/** So far the clock may step back, and the object's own only stands still: as long as the shortest window. */
const HELD_MS = WINDOWS_MS["1m"];
/** Expired rows are worth an hour's patience: they cost disk, never exactness. */
const SWEEP_EVERY_MS = WINDOWS_MS["1h"];

export class VelocityShard extends DurableObject<Env> {
  readonly #log: Log;
  readonly #counter: VelocityCounter;
  readonly #alarm: Alarm;
  #now: number;
  /** The last sweep had more to do than it may. */
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

  /** Counts each payment once for its subject and returns the measures it asks for, in order; all of them
   *  in one commit. A payment reported before gets the answers it got then. A measure that does not exist
   *  is a fault of the caller's, which asks for what it has parsed: nothing is counted, no answer is guessed. */
  observe(observations: Observation[]): number[][] {
    const asked = observations.map(({ measures }) => measures.map(known));
    const answers = this.#commit(() => {
      const now = this.#tick();
      return observations.map((payment, index) =>
        this.#counter.observe(payment, asked[index] ?? [], now),
      );
    });
    this.#alarm.armAfterWrite(Date.now());
    return answers;
  }

  /** Notes of each payment that it came to nothing, once; all of them in one commit. */
  release(releases: Release[]): void {
    this.#commit(() => {
      for (const release of releases) this.#counter.release(release);
    });
  }

  /** Answers when the object is alive and its storage can be read. */
  ready(): boolean {
    this.ctx.storage.sql.exec("SELECT 1 FROM counted_payments LIMIT 1").toArray();
    return true;
  }

  /** Never throws, so that the runtime has no reason to wait longer and longer before it calls again. */
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

  /** The clock of this object alone decides. It only goes forward, and stands still while the machine's is behind
   *  it; when that is far behind, it was ahead before, and what was counted then is counted as of now. Else no
   *  payment would leave its windows until the same time has come again. To be called inside a commit. */
  #tick(): number {
    const now = Date.now();
    if (this.#now - now > HELD_MS) {
      this.#counter.bringBack(now);
      this.#now = now;
    }
    this.#now = Math.max(now, this.#now);
    return this.#now;
  }

  /** What is written without an `await` between is one commit. What cannot be finished has not happened. */
  #commit<Value>(write: () => Value): Value {
    try {
      return write();
    } catch (fault) {
      return abortObject(this.ctx, this.#log, fault);
    }
  }
}

function known(name: string): Asked {
  const asked = parseMeasure(name);
  if (!asked) throw new Error(`no measure is called ${name}`);
  return asked;
}
