/** QuotaKeeper: the one serial owner of a merchant's quotas. It hands out leases; the limits come with each call. It also
 *  grants the tasks that a merchant may run once at a time. */
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

  /** Hands out the next lease of a policy. It is stored before it is returned, so that an object that was evicted within
   *  a window does not lease the same requests twice. */
  lease(quota: Quota, wanted: number): Lease {
    const { policy } = quota;
    const known = this.#windows.get(policy);
    const { window, lease } = decideLease(known, quota, wanted, Date.now());
    // An end that was brought forward is stored, too: counted from each call anew, it would never come.
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

  /** Takes a task, or extends the hold of the holder that has it.
   *  @param holder a random name, so that a repeated call belongs to the same holder
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

  /** Ends a hold, unless another holder has the task by now. */
  free(task: Task, holder: string): void {
    this.ctx.storage.sql.exec("DELETE FROM holds WHERE task = ? AND holder = ?", task, holder);
  }
}
