/** A merchant's request quotas at the door: who is let in, and what every answer says about them. The fields
 *  are those of draft-ietf-httpapi-ratelimit-headers-11, structured fields after RFC 9651. */
import type { MiddlewareHandler } from "hono";
import type { Config } from "../../config";
import type { Quota } from "../../domain/rate-limit/quota";
import { consumeQuotas, type QuotaDecision } from "../../rate-limit/client";
import type { AppContext, AppEnv } from "../context";
import { Problem } from "../http/problem";

/** What a request is to its merchant's quotas. A `create` over the limit may still be a repetition that has
 *  its answer, so its handler decides. */
export type Kind = "request" | "list" | "create";

type Plan = { quotas: Quota[]; policies: string };

const plans = new WeakMap<Config["limits"], Record<Kind, Plan>>();

/** Spends a request of the merchant's quotas. @throws Problem when there is none left */
export function limitRequests(c: AppContext, kind: Kind): Promise<void> | undefined {
  const { limits } = c.get("config");
  if (limits.requests === 0) return undefined;
  const plan = planOf(limits)[kind];
  const spent = consumeQuotas(spenderOf(c), plan.quotas);
  if (spent instanceof Promise) return spent.then((later) => settle(c, kind, plan, later));
  settle(c, kind, plan, spent);
  return undefined;
}

/** Spends what a request costs beyond the one that it was counted as when it came: its handler knows. A cost above
 *  the limit counts as all of it, so that nothing is impossible.
 *  @throws Problem when there is not so much left; then nothing more is spent */
export async function consumeMore(c: AppContext, cost: number): Promise<void> {
  const { limits } = c.get("config");
  const more = Math.min(cost, limits.requests) - 1;
  if (limits.requests === 0 || more <= 0) return;
  const plan = planOf(limits).request;
  const spent = await consumeQuotas(spenderOf(c), plan.quotas, more);
  settle(c, "request", plan, spent, `This request counts as ${cost} requests. `);
}

/** Limits the creates over the limit, which may be repeated requests whose response exists. They have a quota of their
 *  own, as large as the first, so that repeating requests does not circumvent the limit.
 *  @throws Problem when that quota is used up as well */
export const limitRepeats: MiddlewareHandler<AppEnv> = async (c, next) => {
  const problem = c.get("over_limit");
  if (problem) {
    const { requests, window_ms } = c.get("config").limits;
    const repeats: Quota = { policy: "repeats", limit: requests, window_ms };
    if ((await consumeQuotas(spenderOf(c), [repeats])).over.length > 0) throw problem;
  }
  await next();
};

/** Tells the answer what to say, and refuses when a quota is used up. */
function settle(
  c: AppContext,
  kind: Kind,
  { policies }: Plan,
  { over, standings }: QuotaDecision,
  reason = "",
): void {
  const now = Date.now();
  let waitS = 1;
  const members = standings.map(({ policy, left, ends_at_ms }) => {
    const endsInS = Math.max(1, Math.ceil((ends_at_ms - now) / 1_000));
    waitS = Math.max(waitS, endsInS);
    return `"${policy}";r=${left};t=${endsInS}`;
  });
  // None when the keeper cannot be asked: nothing is known to be left or used up.
  c.set("quotas", { policies, standings: members.join(", ") });
  if (over.length === 0) return;
  const problem = new Problem("rate_limited", {
    detail: `${reason}Quota exceeded: ${over.join(", ")}. Retry in ${waitS} seconds.`,
    headers: { "Retry-After": String(waitS) },
  });
  if (kind !== "create") throw problem;
  c.set("over_limit", problem);
}

function spenderOf(c: AppContext) {
  return { env: c.env, log: c.get("log"), merchant_id: c.get("merchant_id") };
}

function planOf(limits: Config["limits"]): Record<Kind, Plan> {
  const known = plans.get(limits);
  if (known) return known;
  const { window_ms } = limits;
  const requests: Quota = { policy: "requests", limit: limits.requests, window_ms };
  const lists: Quota = { policy: "lists", limit: limits.lists, window_ms };
  const request = planFor([requests]);
  const list = limits.lists === 0 ? request : planFor([requests, lists]);
  const made = { request, list, create: request };
  plans.set(limits, made);
  return made;
}

function planFor(quotas: Quota[]): Plan {
  const policies = quotas.map(
    ({ policy, limit, window_ms }) => `"${policy}";q=${limit};w=${window_ms / 1_000}`,
  );
  return { quotas, policies: policies.join(", ") };
}
