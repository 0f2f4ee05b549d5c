/** What this isolate may spend of one quota, and how it comes by more. It counts and asks; what an empty
 *  one means for a request is decided by others. */

import type { Lease } from "../domain/rate-limit/quota";
import { ageMs, isDue } from "../domain/time/clock";
import { Cooldown } from "../runtime/cooldown";
import { SingleFlight } from "../runtime/single-flight";
import { TimeoutError, withTimeout } from "../runtime/with-timeout";

/** A keeper answers in milliseconds, far away in some hundred. A payment waits no longer than this for its
 *  permission and then goes on without: limits protect, they must not stop payments. */
const ASK_LIMIT_MS = 500;
/** After the keeper has failed, requests pass uncounted for this long without a call. */
const COOLDOWN_MS = 2_000;
/** Whoever has waited so long is gone: a request that is cut off does not say so. */
const GONE_MS = 30_000;

/** `free`: there is something to spend. `spent`: nobody has anything until the window ends. `empty`: the
 *  keeper has to be asked. `unwatched`: it cannot be asked, and nobody counts for the moment. */
export type State = "free" | "spent" | "empty" | "unwatched";

/** Asks the keeper for a lease for so many requests at least. */
export type Ask = (wanted: number) => Promise<Lease>;

/** Of all quotas of this isolate: a map for each of 30,000 quotas would take more memory than the quotas. */
const calls = new SingleFlight<LeasedQuota, void>();

export class LeasedQuota {
  #tokens = 0;
  #left = 0;
  #isSpent = false;
  #endsAtMs = 0;
  readonly #cooldown = new Cooldown(COOLDOWN_MS);
  #isFailing = false;
  /** Requests that are not decided yet, each by when it came and what it costs; the next lease is for all of
   *  them. */
  readonly #waiting = new Set<{ at_ms: number; cost: number }>();
  readonly #windowMs: number;

  /** @param windowMs how long a window of the quota is */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** How things stand for a request that counts as `cost`. */
  state(nowMs: number, cost = 1): State {
    if (!isDue(this.#endsAtMs, nowMs, this.#windowMs)) {
      if (this.#tokens >= cost) return "free";
      // Within a window what is left only becomes less: who costs more than that need not ask for it.
      if (this.#isSpent || (cost > 1 && this.left < cost)) return "spent";
    }
    return this.#cooldown.isActive(nowMs) ? "unwatched" : "empty";
  }

  /** A request begins to wait. @returns what ends that */
  wait(nowMs: number, cost = 1): () => void {
    const waiter = { at_ms: nowMs, cost };
    this.#waiting.add(waiter);
    return () => void this.#waiting.delete(waiter);
  }

  /** To be called when the state is `free`. */
  spend(cost = 1): void {
    this.#tokens -= cost;
  }

  /** What is left of the quota as far as is known here: others may have had some of it since. */
  get left(): number {
    return this.#tokens + this.#left;
  }

  get endsAtMs(): number {
    return this.#endsAtMs;
  }

  /** Gets a lease when there is nothing to spend; whoever else comes meanwhile waits for the same answer.
   *  Never throws. @returns whether this is the first sign that the keeper cannot be asked. */
  async fill(ask: Ask, cost = 1): Promise<boolean> {
    if (this.state(Date.now(), cost) !== "empty") return false;
    const call = calls.run(this, () => this.#ask(ask));
    try {
      await withTimeout(ASK_LIMIT_MS, call);
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

  async #ask(ask: Ask): Promise<void> {
    const askedMs = Date.now();
    for (const waiter of this.#waiting) {
      if (ageMs(waiter.at_ms, askedMs) > GONE_MS) this.#waiting.delete(waiter);
    }
    const costs = [...this.#waiting].reduce((sum, { cost }) => sum + cost, 0);
    const held = isDue(this.#endsAtMs, askedMs, this.#windowMs) ? 0 : this.#tokens;
    const lease = await ask(Math.max(this.#waiting.size > 0 ? 1 : 0, costs - held));
    this.#isFailing = false;
    this.#cooldown.end();
    this.#take(lease, askedMs, Date.now());
  }

  /** A lease is spent no longer than to the earliest moment at which its window can have ended, and a refusal
   *  held against everybody to the latest: clocks need not agree for either to be right. */
  #take({ tokens, left, ends_in_ms }: Lease, askedMs: number, nowMs: number): void {
    if (isDue(this.#endsAtMs, nowMs, this.#windowMs)) this.#tokens = 0;
    this.#isSpent = tokens === 0;
    this.#endsAtMs = (this.#isSpent ? nowMs : askedMs) + ends_in_ms;
    this.#left = left;
    this.#tokens += tokens;
  }
}
