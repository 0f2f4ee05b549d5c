/** Spending a merchant's quotas in this isolate: at once while its leases last, and otherwise after a word
 *  with the merchant's keeper. */
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
/** A lease is for all who wait when it is asked for, so the second answer decides nearly everyone. Only who
 *  was overtaken this often by others of a flood is turned away without knowing better. */
const MAX_ASKS = 20;

const leasedQuotas = {
  requests: new BoundedCache<LeasedQuota>({ max_entries: MAX_MERCHANTS }),
  lists: new BoundedCache<LeasedQuota>({ max_entries: MAX_MERCHANTS }),
  repeats: new BoundedCache<LeasedQuota>({ max_entries: MAX_MERCHANTS }),
} as const satisfies Record<Policy, BoundedCache<LeasedQuota>>;

/** A quota as a request has left it. */
type Standing = { policy: Policy; left: number; ends_at_ms: number };
/** `over` has the quotas that have nothing left, `standings` those of which anything is known. */
export type QuotaDecision = { over: Policy[]; standings: Standing[] };

/** Whose quotas are spent, and how their keeper is reached. */
export type QuotaClient = { env: Env; log: Log; merchant_id: string };

type QuotaShare = { quota: Quota; cost: number; allowance: LeasedQuota };

/** Spends as much as a request costs, mostly one, of each quota, or of none when one of them has not so much left. */
export function consumeQuotas(
  spender: QuotaClient,
  quotas: readonly Quota[],
  cost = 1,
): QuotaDecision | Promise<QuotaDecision> {
  const purses = quotas.map((quota) => ({
    quota,
    cost,
    allowance: findLeasedQuota(quota, spender.merchant_id),
  }));
  return consumeNow(purses, Date.now()) ?? consumeAfterLease(purses, spender);
}

/** Without a word to the keeper; undefined when there must be one. */
function consumeNow(purses: QuotaShare[], nowMs: number): QuotaDecision | undefined {
  const states = purses.map(({ allowance, cost }) => allowance.state(nowMs, cost));
  const isOver = states.includes("spent");
  if (!isOver && states.includes("empty")) return undefined;
  const over: Policy[] = [];
  const standings: Standing[] = [];
  purses.forEach((purse, at) => {
    if (states[at] !== "free" && states[at] !== "spent") return;
    if (states[at] === "spent") over.push(purse.quota.policy);
    else if (!isOver) purse.allowance.spend(purse.cost);
    standings.push(toStanding(purse));
  });
  return { over, standings };
}

async function consumeAfterLease(
  purses: QuotaShare[],
  spender: QuotaClient,
): Promise<QuotaDecision> {
  const ends = purses.map(({ allowance, cost }) => allowance.wait(Date.now(), cost));
  try {
    for (let asks = 0; asks < MAX_ASKS; asks++) {
      await Promise.all(purses.map((purse) => fill(purse, spender)));
      const spent = consumeNow(purses, Date.now());
      if (spent) return spent;
    }
    return { over: purses.map(({ quota }) => quota.policy), standings: purses.map(toStanding) };
  } finally {
    for (const end of ends) end();
  }
}

async function fill({ quota, cost, allowance }: QuotaShare, spender: QuotaClient): Promise<void> {
  const isNews = await allowance.fill((wanted) => ask(spender, quota, wanted), cost);
  const { log, merchant_id } = spender;
  if (isNews) log("error", "quota.unwatched", { merchant_id });
}

/** A lease whose answer was lost is lost: fewer requests pass then, never more. */
async function ask(
  { env, merchant_id }: QuotaClient,
  quota: Quota,
  wanted: number,
): Promise<Lease> {
  const asked = callObject(env.QUOTAS, merchant_id, (keeper) => keeper.lease(quota, wanted));
  // Others wait for this too. A client that hangs up must not take their answer along.
  waitUntil(asked.catch(() => undefined));
  return await asked;
}

function toStanding({ quota, allowance }: QuotaShare): Standing {
  return { policy: quota.policy, left: allowance.left, ends_at_ms: allowance.endsAtMs };
}

function findLeasedQuota({ policy, window_ms }: Quota, merchantId: string): LeasedQuota {
  const known = leasedQuotas[policy].get(merchantId);
  if (known) return known;
  const fresh = new LeasedQuota(window_ms);
  leasedQuotas[policy].set(merchantId, fresh);
  return fresh;
}

/** The keeper answers in milliseconds, far away in some hundred. */
const ASK_LIMIT_MS = 2_000;

/** One go at a task: `hold` takes it or extends the hold, `free` ends it. */
export type ExclusiveTask = {
  /** @returns 0 when this one has it, otherwise in how many ms it is free at the latest
   *  @throws when the keeper does not answer */
  hold: () => Promise<number>;
  free: () => Promise<void>;
};

/** @param forMs after which another may begin although nothing has been heard of this one */
export function exclusiveTask(
  env: Env,
  merchantId: string,
  task: Task,
  forMs: number,
): ExclusiveTask {
  const holder = crypto.randomUUID();
  const keeper = () => objectStub(env.QUOTAS, merchantId);
  return {
    hold: () => withTimeout(ASK_LIMIT_MS, keeper().hold(task, holder, forMs)),
    free: () => withTimeout(ASK_LIMIT_MS, keeper().free(task, holder)),
  };
}
