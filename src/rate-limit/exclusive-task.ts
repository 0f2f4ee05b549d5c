/** Doing once at a time, over all isolates, what a merchant may do only so. The merchant's keeper says who does. */
import type { Env } from "../config";
import { within } from "../runtime/with-timeout";
import type { Task } from "./quota-keeper";

/** The keeper answers in milliseconds, far away in some hundred. */
const ASK_LIMIT_MS = 2_000;

/** One go at a task: `hold` takes it or extends the hold, `free` ends it. */
export type Turn = {
  /** @returns 0 when this one has it, otherwise in how many ms it is free at the latest
   *  @throws when the keeper does not answer */
  hold: () => Promise<number>;
  free: () => Promise<void>;
};

/** @param forMs after which another may begin although nothing has been heard of this one */
export function turnAt(env: Env, merchantId: string, task: Task, forMs: number): Turn {
  const holder = crypto.randomUUID();
  const keeper = () => env.QUOTAS.getByName(merchantId);
  return {
    hold: () => within(ASK_LIMIT_MS, keeper().hold(task, holder, forMs)),
    free: () => within(ASK_LIMIT_MS, keeper().free(task, holder)),
  };
}
