/** The methods of a merchant's quota keeper, as its callers see them. */
import type { Lease, Quota } from "../domain/rate-limit/quota";

/** A task that a merchant may run once at a time. */
export type Task = "backtest";

export interface QuotaKeeperRpc {
  /** A lease of a quota for at least `wanted` requests, or for the rest of the quota. Not idempotent: a lease whose response
   *  is lost is used up. */
  lease(quota: Quota, wanted: number): Lease;
  /** Takes a task, or extends the hold of the holder that has it. Idempotent for one holder.
   *  @returns 0 when this holder has it, otherwise in how many ms it is free at the latest */
  hold(task: Task, holder: string, forMs: number): number;
  /** Ends a hold, unless another holder has the task by now. */
  free(task: Task, holder: string): void;
}
