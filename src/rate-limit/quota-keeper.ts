/** QuotaKeeper: the one serial owner of a merchant's quotas. It hands out leases and knows nothing of the
 *  requests that they are spent on, nor of the limits, which come with each question. It also sees to it that a
 *  merchant does once at a time what it may do only so. */
import { DurableObject } from "cloudflare:workers";
import {
  decideHold,
  decideLease,
  type Lease,
  type Quota,
  type TaskHold,
  type Window,
} from "../domain/rate-limit/quota";
import type { Env } from "../env";
import type { QuotaKeeperRpc, Task } from "./rpc";
import { migrateQuotas } from "./schema";

export class QuotaKeeper extends DurableObject<Env> implements QuotaKeeperRpc {
  readonly #windows: Map<string, Window>;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    const { sql } = state.storage;
    state.storage.transactionSync(() => migrateQuotas(sql));
    const rows = sql.exec<Window & { policy: string }>("SELECT * FROM windows");
    this.#windows = new Map([...rows].map(({ policy, ...window }) => [policy, window]));
  }

  /** Hands out the next lease of a policy. It is written down before it is told, so that an object that was
   *  evicted in the middle of a window does not give the same requests away twice. */
  lease(quota: Quota, wanted: number): Lease {
    const { policy } = quota;
    const known = this.#windows.get(policy);
    const { window, lease } = decideLease(known, quota, wanted, Date.now());
    // An end that was brought forward is written down too: measured from every question, it would never come.
    if (lease.tokens > 0 || window.ends_at_ms !== known?.ends_at_ms) {
      this.ctx.storage.sql.exec(
        `INSERT INTO windows (policy, ends_at_ms, leased) VALUES (?, ?, ?)
         ON CONFLICT (policy) DO UPDATE SET ends_at_ms = excluded.ends_at_ms, leased = excluded.leased`,
        policy,
        window.ends_at_ms,
        window.leased,
      );
      this.#windows.set(policy, window);
    }
    return lease;
  }

  /** Takes a task that is done once at a time, or extends the hold of the one who has it.
   *  @param holder draws its own name, so that a repeated call is the same one's
   *  @returns 0 when this holder has it now, otherwise in how many ms it is free at the latest */
  hold(task: Task, holder: string, forMs: number): number {
    const { sql } = this.ctx.storage;
    const [known] = sql
      .exec<TaskHold>("SELECT holder, ends_at_ms FROM holds WHERE task = ?", task)
      .toArray();
    const { hold, free_in_ms } = decideHold(known, holder, forMs, Date.now());
    if (free_in_ms > 0) return free_in_ms;
    sql.exec(
      `INSERT INTO holds (task, holder, ends_at_ms) VALUES (?, ?, ?)
       ON CONFLICT (task) DO UPDATE SET holder = excluded.holder, ends_at_ms = excluded.ends_at_ms`,
      task,
      hold.holder,
      hold.ends_at_ms,
    );
    return 0;
  }

  /** Ends a hold. One that another has by now stays. */
  free(task: Task, holder: string): void {
    this.ctx.storage.sql.exec("DELETE FROM holds WHERE task = ? AND holder = ?", task, holder);
  }
}
