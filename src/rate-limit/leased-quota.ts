/** This isolate's lease of one quota, and how it gets the next one. It counts and requests leases; what a used-up quota
 *  means for a request is decided in the API. */

import type { Lease } from "../domain/rate-limit/quota";
import { ageMs, isDue } from "../domain/time/clock";
import { Cooldown } from "../runtime/cooldown";
import { SingleFlight } from "../runtime/single-flight";
import { TimeoutError, withTimeout } from "../runtime/with-timeout";

/** A keeper responds in milliseconds, from far away in some hundred. A request waits no longer than this and then passes
 *  uncounted: limits must not stop payments. */
const CALL_LIMIT_MS = 500;
/** After the keeper has failed, requests pass uncounted for this long without a call. */
const COOLDOWN_MS = 2_000;
/** A request that has waited for this long was cut off without ending its wait. */
const GONE_MS = 30_000;

/** `free`: the lease covers the request. `spent`: the quota is used up until the window ends. `empty`: a new lease is
 *  needed. `unwatched`: the keeper has failed, and requests are not counted for the moment. */
export type State = "free" | "spent" | "empty" | "unwatched";

/** Requests a lease for at least `wanted` requests from the keeper. */
export type RequestLease = (wanted: number) => Promise<Lease>;

/** Calls of all quotas of this isolate: a map in each of 30,000 quotas would take more memory than the quotas. */
const calls = new SingleFlight<LeasedQuota, void>();

export class LeasedQuota {
  #tokens = 0;
  #left = 0;
  #isSpent = false;
  #endsAtMs = 0;
  readonly #cooldown = new Cooldown(COOLDOWN_MS);
  #isFailing = false;
  /** Requests that wait, each with its arrival and its cost; the next lease is for all of them. */
  readonly #waiting = new Set<{ at_ms: number; cost: number }>();
  readonly #windowMs: number;

  /** @param windowMs how long a window of the quota is */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** The state for a request of this cost. */
  state(nowMs: number, cost = 1): State {
    if (!isDue(this.#endsAtMs, nowMs, this.#windowMs)) {
      if (this.#tokens >= cost) return "free";
      // Within a window the rest only shrinks: a request that costs more needs no call.
      if (this.#isSpent || (cost > 1 && this.left < cost)) return "spent";
    }
    return this.#cooldown.isActive(nowMs) ? "unwatched" : "empty";
  }

  /** A request begins to wait. @returns a function that ends the wait */
  wait(nowMs: number, cost = 1): () => void {
    const waiter = { at_ms: nowMs, cost };
    this.#waiting.add(waiter);
    return () => void this.#waiting.delete(waiter);
  }

  /** Consumes the cost of a request. Call it when the state is `free`. */
  spend(cost = 1): void {
    this.#tokens -= cost;
  }

  /** The rest of the quota when the last lease was made: other isolates may have leased from it since. */
  get left(): number {
    return this.#tokens + this.#left;
  }

  get endsAtMs(): number {
    return this.#endsAtMs;
  }

  /** Gets a lease when the state is `empty`; requests that arrive meanwhile share the call. Never throws.
   *  @returns whether this is the first failure of the keeper in a row */
  async fill(requestLease: RequestLease, cost = 1): Promise<boolean> {
    if (this.state(Date.now(), cost) !== "empty") return false;
    const call = calls.run(this, () => this.#request(requestLease));
    try {
      await withTimeout(CALL_LIMIT_MS, call);
      return false;
    } catch (fault) {
      // The call hangs, or has ended with the request that made it.
      if (fault instanceof TimeoutError) calls.abandon(this, call);
      this.#cooldown.start(Date.now());
      const isFirst = !this.#isFailing;
      this.#isFailing = true;
      return isFirst;
    }
  }

  async #request(requestLease: RequestLease): Promise<void> {
    const requestedMs = Date.now();
    for (const waiter of this.#waiting) {
      if (ageMs(waiter.at_ms, requestedMs) > GONE_MS) this.#waiting.delete(waiter);
    }
    const costs = [...this.#waiting].reduce((sum, { cost }) => sum + cost, 0);
    const held = isDue(this.#endsAtMs, requestedMs, this.#windowMs) ? 0 : this.#tokens;
    const lease = await requestLease(Math.max(this.#waiting.size > 0 ? 1 : 0, costs - held));
    this.#isFailing = false;
    this.#cooldown.end();
    this.#take(lease, requestedMs, Date.now());
  }

  /** A lease is used up to the earliest moment at which its window can have ended, and a used-up quota refuses up to the
   *  latest: so neither depends on clocks that agree. */
  #take({ tokens, left, ends_in_ms }: Lease, requestedMs: number, nowMs: number): void {
    if (isDue(this.#endsAtMs, nowMs, this.#windowMs)) this.#tokens = 0;
    this.#isSpent = tokens === 0;
    this.#endsAtMs = (this.#isSpent ? nowMs : requestedMs) + ends_in_ms;
    this.#left = left;
    this.#tokens += tokens;
  }
}
