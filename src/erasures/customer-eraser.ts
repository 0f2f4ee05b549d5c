/** CustomerEraser: the object of one erasure, which its alarm carries out step by step until it is complete. */
import { DurableObject } from "cloudflare:workers";
import { type Config, readConfig } from "../config";
import { afterFailure, type Backoff } from "../domain/time/backoff";
import { ageMs, dueAtMs } from "../domain/time/clock";
import type { Env } from "../env";
import { createLog, describeFault, type Log, traceFields } from "../observability/log";
import { Alarm } from "../runtime/alarm";
import type { CustomerEraserRpc, Erasure, ErasureRequest } from "./rpc";
import { ErasureState, type Running } from "./state";
import { makeStep } from "./steps";

/** Steps of one alarm. The next one continues, so an object that is ended repeats little. */
const ALARM_MS = 10_000;
const BACKOFF: Backoff = { first_ms: 1_000, most_ms: 300_000 };

export class CustomerEraser extends DurableObject<Env> implements CustomerEraserRpc {
  readonly #config: Config;
  readonly #log: Log;
  readonly #state: ErasureState;
  readonly #alarm: Alarm;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#config = readConfig(env);
    this.#log = createLog(this.#config.log_level);
    this.#state = new ErasureState(state.storage);
    this.#alarm = new Alarm(state.storage, 0, (nowMs) => [this.#dueAtMs(nowMs)]);
    state.blockConcurrencyWhile(() => this.#alarm.read().then(() => this.#alarm.arm(Date.now())));
  }

  start(request: ErasureRequest): Erasure {
    const now = Date.now();
    this.#state.start(request, now);
    this.#alarm.arm(now);
    const erasure = this.#state.find(request.merchant_id);
    if (!erasure) throw new Error("an erasure of another merchant");
    return erasure;
  }

  find(merchantId: string): Erasure | undefined {
    return this.#state.find(merchantId);
  }

  /** Never throws, because the platform stops calling an alarm that keeps failing. */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    const startedMs = Date.now();
    let running = this.#state.running();
    while (running && this.#isDue(running)) {
      if (ageMs(startedMs, Date.now()) >= ALARM_MS) break;
      if (!(await this.#step(running))) break;
      running = this.#state.running();
    }
    this.#alarm.arm(Date.now());
  }

  /** @returns whether the next step may follow */
  async #step(running: Running): Promise<boolean> {
    const { id: erasure_id, merchant_id, traceparent } = running;
    const fields = { erasure_id, merchant_id, ...traceFields(traceparent) };
    try {
      const isLast = await makeStep(
        {
          env: this.env,
          config: this.#config,
          state: this.#state,
          waitUntil: (work) => this.ctx.waitUntil(work),
          onRefused: (transaction_id, reason) =>
            this.#log("error", "erasure.failed", { ...fields, transaction_id, reason }),
        },
        running,
        Date.now(),
      );
      if (!isLast) return true;
      this.#state.complete(Date.now());
      this.#log("info", "erasure.completed", fields);
    } catch (fault) {
      const backoff = afterFailure(
        { failures: running.failures, until_ms: 0 },
        Date.now(),
        BACKOFF,
      );
      this.#state.retry(backoff.failures, backoff.until_ms);
      const { failures } = backoff;
      this.#log("error", "erasure.failed", { ...fields, failures, fault: describeFault(fault) });
    }
    return false;
  }

  #isDue(running: Running): boolean {
    const now = Date.now();
    return dueAtMs(running.due_at_ms, now, BACKOFF.most_ms) <= now;
  }

  #dueAtMs(nowMs: number): number | undefined {
    const running = this.#state.running();
    return running && dueAtMs(running.due_at_ms, nowMs, BACKOFF.most_ms);
  }
}
