/** QuotaKeeper: the one serial owner of a merchant's quotas. It hands out leases and knows nothing of the
 *  requests that they are spent on, nor of the limits, which come with each question. */
import { DurableObject } from "cloudflare:workers";
import type { Env } from "../config";
import { decideLease, type Lease, type Quota, type Window } from "../domain/quota";

export class QuotaKeeper extends DurableObject<Env> {
  readonly #windows: Map<string, Window>;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    const { sql } = state.storage;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS windows (
        policy TEXT PRIMARY KEY,
        ends_at_ms INTEGER NOT NULL,
        leased INTEGER NOT NULL
      ) WITHOUT ROWID`);
    const rows = sql.exec<Window & { policy: string }>("SELECT * FROM windows");
    this.#windows = new Map([...rows].map(({ policy, ...window }) => [policy, window]));
  }

  /** Hands out the next lease of a policy. It is written down before it is told, so that an object that was
   *  evicted in the middle of a window does not give the same requests away twice. */
  lease(quota: Quota, wanted: number): Lease {
    const { policy } = quota;
    const { window, lease } = decideLease(this.#windows.get(policy), quota, wanted, Date.now());
    if (lease.tokens > 0) {
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
}
