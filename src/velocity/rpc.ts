/** The methods of a velocity object, as its callers see them. Times are ms since 1970, amounts minor units. */
import type { Observation, Release } from "../domain/risk/observation";

export interface VelocityShardRpc {
  /** The values of the measures that each payment asks for, in order. Counts a payment once: repeated, the call has
   *  the values of the first time. */
  observe(observations: Observation[]): number[][];
  /** Releases payments that were not completed. Idempotent. */
  release(releases: Release[]): void;
  /** Resolves when the object is alive and its storage can be read. */
  ready(): boolean;
}
