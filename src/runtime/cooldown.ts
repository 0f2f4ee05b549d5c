/** A pause in calls to a dependency that has just failed, so that only one caller at a time waits for its time-out.
 *  Of one length: what fails here is D1 or a keeper, which serve everyone, so that a growing pause (`backoff.ts`)
 *  would keep all merchants on old values for the longest pause. */
import { isDue } from "../domain/time/clock";

export class Cooldown {
  readonly #lengthMs: number;
  #endsAtMs = 0;

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  /** The dependency has failed. */
  start(nowMs: number): void {
    this.#endsAtMs = nowMs + this.#lengthMs;
  }

  /** The dependency has answered. */
  end(): void {
    this.#endsAtMs = 0;
  }

  isActive(nowMs: number): boolean {
    return !isDue(this.#endsAtMs, nowMs, this.#lengthMs);
  }
}
