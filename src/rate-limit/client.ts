/** The client of merchants' quotas: consumes them from this isolate's leases, and calls the merchant's keeper for a new
 *  lease when one is used up. */
import { waitUntil } from "cloudflare:workers";
import type { Lease, Policy, Quota } from "../domain/rate-limit/quota";
import type { Env } from "../env";
import type { Log } from "../observability/log";
import { BoundedCache } from "../runtime/bounded-cache";
import { callObject, objectStub } from "../runtime/object-stub";
import { withTimeout } from "../runtime/with-timeout";
import { LeasedQuota } from "./leased-quota";
import type { Task } from "./rpc";

/** Merchants kept for each policy, about 2 MB. A merchant that is evicted loses what it was leased. */
const MAX_MERCHANTS = 10_000;
/** A lease covers all requests that wait when it is requested, so a second one decides nearly every request. A request
 *  that others of a flood have overtaken this often is refused. */
const MAX_LEASES = 20;

const leasedQuotas = {
  requests: new BoundedCache<LeasedQuota>({ max_entries: MAX_MERCHANTS }),
  lists: new BoundedCache<LeasedQuota>({ max_entries: MAX_MERCHANTS }),
  repeats: new BoundedCache<LeasedQuota>({ max_entries: MAX_MERCHANTS }),
} as const satisfies Record<Policy, BoundedCache<LeasedQuota>>;

/** What is left of a quota after a request, as far as this isolate has the number. */
type Standing = { policy: Policy; left: number; ends_at_ms: number };
/** `over` has the quotas that are used up, `standings` the state of those that the keeper has leased. */
export type QuotaDecision = { over: Policy[]; standings: Standing[] };

/** The merchant whose quotas are consumed, and the bindings to call its keeper. */
export type QuotaClient = { env: Env; log: Log; merchant_id: string };

type QuotaShare = { quota: Quota; cost: number; leasedQuota: LeasedQuota };

/** Consumes the cost of a request, mostly one, of each quota, or of none when one of them has less left. Never throws:
 *  requests pass uncounted while the keeper cannot be called. */
export function consumeQuotas(
  client: QuotaClient,
  quotas: readonly Quota[],
  cost = 1,
): QuotaDecision | Promise<QuotaDecision> {
  const shares = quotas.map((quota) => ({
    quota,
    cost,
    leasedQuota: findLeasedQuota(quota, client.merchant_id),
  }));
  return consumeNow(shares, Date.now()) ?? consumeAfterLease(shares, client);
}

/** Consumes from the leases at hand; undefined when a new lease is needed. */
function consumeNow(shares: QuotaShare[], nowMs: number): QuotaDecision | undefined {
  const states = shares.map(({ leasedQuota, cost }) => leasedQuota.state(nowMs, cost));
  const isOver = states.includes("spent");
  if (!isOver && states.includes("empty")) return undefined;
  const over: Policy[] = [];
  const standings: Standing[] = [];
  shares.forEach((share, at) => {
    if (states[at] !== "free" && states[at] !== "spent") return;
    if (states[at] === "spent") over.push(share.quota.policy);
    else if (!isOver) share.leasedQuota.spend(share.cost);
    standings.push(toStanding(share));
  });
  return { over, standings };
}

async function consumeAfterLease(
  shares: QuotaShare[],
  client: QuotaClient,
): Promise<QuotaDecision> {
  const ends = shares.map(({ leasedQuota, cost }) => leasedQuota.wait(Date.now(), cost));
  try {
    for (let leases = 0; leases < MAX_LEASES; leases++) {
      await Promise.all(shares.map((share) => fill(share, client)));
      const decision = consumeNow(shares, Date.now());
      if (decision) return decision;
    }
    return { over: shares.map(({ quota }) => quota.policy), standings: shares.map(toStanding) };
  } finally {
    for (const end of ends) end();
  }
}

async function fill({ quota, cost, leasedQuota }: QuotaShare, client: QuotaClient): Promise<void> {
  const isNews = await leasedQuota.fill((wanted) => requestLease(client, quota, wanted), cost);
  const { log, merchant_id } = client;
  if (isNews) log("error", "quota.unwatched", { merchant_id });
}

/** Requests a lease. A lease whose response was lost is lost: fewer requests pass then, never more. */
async function requestLease(
  { env, merchant_id }: QuotaClient,
  quota: Quota,
  wanted: number,
): Promise<Lease> {
  const lease = callObject(env.QUOTAS, merchant_id, (keeper) => keeper.lease(quota, wanted));
  // Other requests wait for this lease, too: it must go on when this request's client disconnects.
  waitUntil(lease.catch(() => undefined));
  return await lease;
}

function toStanding({ quota, leasedQuota }: QuotaShare): Standing {
  return { policy: quota.policy, left: leasedQuota.left, ends_at_ms: leasedQuota.endsAtMs };
}

function findLeasedQuota({ policy, window_ms }: Quota, merchantId: string): LeasedQuota {
  const known = leasedQuotas[policy].get(merchantId);
  if (known) return known;
  const fresh = new LeasedQuota(window_ms);
  leasedQuotas[policy].set(merchantId, fresh);
  return fresh;
}

/** The keeper responds in milliseconds, from far away in some hundred. */
const CALL_LIMIT_MS = 2_000;

/** A hold on a task that a merchant may run once at a time: `hold` takes or extends it, `free` ends it. */
export type ExclusiveTask = {
  /** @returns 0 when this hold has the task, otherwise in how many ms the task is free at the latest
   *  @throws when the keeper does not respond */
  hold: () => Promise<number>;
  free: () => Promise<void>;
};

/** @param forMs the length of a hold that is not extended; another may begin afterwards */
export function exclusiveTask(
  env: Env,
  merchantId: string,
  task: Task,
  forMs: number,
): ExclusiveTask {
  const holder = crypto.randomUUID();
  const keeper = () => objectStub(env.QUOTAS, merchantId);
  return {
    hold: () => withTimeout(CALL_LIMIT_MS, keeper().hold(task, holder, forMs)),
    free: () => withTimeout(CALL_LIMIT_MS, keeper().free(task, holder)),
  };
}
