/** The methods of a velocity object, as its callers see them. Times are ms since 1970, amounts minor units. */
import type { Observation, Release } from "../domain/risk/observation";

/** The customer of a merchant whose payments are deleted. */
export type ForgottenCustomer = { merchant_id: string; user_id: string; through_ms: number };

/** A row, in the order of the key. */
export type Place = { subject: string; at: number; position: number };

/** `next`: where the next call begins; null after the last row. */
export type Forgotten = { deleted: number; next: Place | null };

export interface VelocityShardRpc {
  /** The values of the measures that each payment asks for, in order. Counts a payment once: repeated, the call has
   *  the values of the first time. */
  observe(observations: Observation[]): number[][];
  /** Releases payments that were not completed. Idempotent. */
  release(releases: Release[]): void;
  /** Deletes the payments of a customer up to a time, some rows in each call. Idempotent.
   *  @param after `next` of the call before; null for the first one */
  forget(customer: ForgottenCustomer, after: Place | null): Forgotten;
  /** Resolves when the object is alive and its storage can be read. */
  ready(): boolean;
}
