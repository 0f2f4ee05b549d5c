/** Work that is done once for all requests that wait for it, and that begins only after each of them has come: a request
 *  that comes while it is under way waits for the next turn. However many requests there are, one turn is under way. */
import { ageMs } from "../domain/time/clock";
import { CAN_RESOLVE_OTHERS } from "./cross-request";

/** The value of a turn; or this request is to begin the next turn; or it has waited for too long. */
type Wake<Value> = { kind: "done"; value: Value } | { kind: "lead" } | { kind: "timeout" };

export class SharedTurn<Value> {
  readonly #limitMs: number;
  #waiting: ((wake: Wake<Value>) => void)[] = [];
  /** When the turn under way began; undefined when there is none. */
  #startedAtMs: number | undefined;

  /** @param limitMs longer than two turns take. A request that has waited so long, or that finds a turn of that age, does
   *    the work itself: the request that led the turn may have been cut off. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** The value of a turn that begins after this call.
   *  @param work ends in any case and does not throw
   *  @param keep lets work outlive the request that leads it (`waitUntil`) */
  async get(
    work: () => Promise<Value>,
    keep: (turn: Promise<unknown>) => void,
    canShare = CAN_RESOLVE_OTHERS,
  ): Promise<Value> {
    if (!canShare) return work();
    if (this.#isFree) return this.#lead(work, keep);
    const { promise, resolve } = Promise.withResolvers<Wake<Value>>();
    const timer = setTimeout(() => resolve({ kind: "timeout" }), this.#limitMs);
    this.#waiting.push(resolve);
    const wake = await promise;
    clearTimeout(timer);
    if (wake.kind === "done") return wake.value;
    if (wake.kind === "lead") return this.#lead(work, keep);
    this.#waiting = this.#waiting.filter((waiting) => waiting !== resolve);
    return work();
  }

  get #isFree(): boolean {
    return this.#startedAtMs === undefined || ageMs(this.#startedAtMs, Date.now()) > this.#limitMs;
  }

  /** Does the work for this request and for all that wait. */
  #lead(work: () => Promise<Value>, keep: (turn: Promise<unknown>) => void): Promise<Value> {
    const waiting = this.#waiting.splice(0);
    const startedAtMs = Date.now();
    this.#startedAtMs = startedAtMs;
    const turn = work().then((value) => {
      for (const wake of waiting) wake({ kind: "done", value });
      this.#startedAtMs = undefined;
      this.#waiting.shift()?.({ kind: "lead" });
      return value;
    });
    keep(turn);
    return turn;
  }
}
