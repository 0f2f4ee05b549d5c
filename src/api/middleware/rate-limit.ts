/** Applies a merchant's request quotas and sets the RateLimit header fields (draft-ietf-httpapi-ratelimit-headers-11,
 *  structured fields of RFC 9651). */
import type { MiddlewareHandler } from "hono";
import type { Config } from "../../config";
import type { Quota } from "../../domain/rate-limit/quota";
import { consumeQuotas, type QuotaDecision } from "../../rate-limit/client";
import type { AppContext, AppEnv } from "../context";
import { Problem } from "../http/problem";

/** The kind of a request for its merchant's quotas. A `create` over the limit may repeat an earlier one, whose response
 *  exists, so its handler decides. */
export type Kind = "request" | "list" | "create";

type Plan = { quotas: Quota[]; policies: string };

const plans = new WeakMap<Config["limits"], Record<Kind, Plan>>();

/** Consumes one request of the merchant's quotas. @throws Problem if none is left */
export function limitRequests(c: AppContext, kind: Kind): Promise<void> | undefined {
  const { limits } = c.get("config");
  if (limits.requests === 0) return undefined;
  const plan = findPlan(limits)[kind];
  const decision = consumeQuotas(readSpender(c), plan.quotas);
  if (decision instanceof Promise)
    return decision.then((later) => applyDecision(c, kind, plan, later));
  applyDecision(c, kind, plan, decision);
  return undefined;
}

/** Consumes the cost of a request beyond the one request it was already counted as. A cost above the limit counts as
 *  the whole limit, so that every request can pass.
 *  @throws Problem if less is left; then nothing more is consumed */
export async function consumeMore(c: AppContext, cost: number): Promise<void> {
  const { limits } = c.get("config");
  const more = Math.min(cost, limits.requests) - 1;
  if (limits.requests === 0 || more <= 0) return;
  const plan = findPlan(limits).request;
  const decision = await consumeQuotas(readSpender(c), plan.quotas, more);
  applyDecision(c, "request", plan, decision, `This request counts as ${cost} requests. `);
}

/** Limits the creates over the limit, which may be repeated requests whose response exists. They have a quota of their
 *  own, as large as the first, so that repeating requests does not circumvent the limit.
 *  @throws Problem when that quota is used up as well */
export const limitRepeats: MiddlewareHandler<AppEnv> = async (c, next) => {
  const problem = c.get("over_limit");
  if (problem) {
    const { requests, window_ms } = c.get("config").limits;
    const repeats: Quota = { policy: "repeats", limit: requests, window_ms };
    if ((await consumeQuotas(readSpender(c), [repeats])).over.length > 0) throw problem;
  }
  await next();
};

/** Sets the header fields of the response. @throws Problem if a quota is used up */
function applyDecision(
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
  // Empty if the keeper is unavailable, because the remaining quota is unknown then.
  c.set("quotas", { policies, standings: members.join(", ") });
  if (over.length === 0) return;
  const problem = new Problem("rate_limited", {
    detail: `${reason}Quota exceeded: ${over.join(", ")}. Retry in ${waitS} seconds.`,
    headers: { "Retry-After": String(waitS) },
  });
  if (kind !== "create") throw problem;
  c.set("over_limit", problem);
}

function readSpender(c: AppContext) {
  return { env: c.env, log: c.get("log"), merchant_id: c.get("merchant_id") };
}

function findPlan(limits: Config["limits"]): Record<Kind, Plan> {
  const known = plans.get(limits);
  if (known) return known;
  const { window_ms } = limits;
  const requests: Quota = { policy: "requests", limit: limits.requests, window_ms };
  const lists: Quota = { policy: "lists", limit: limits.lists, window_ms };
  const request = buildPlan([requests]);
  const list = limits.lists === 0 ? request : buildPlan([requests, lists]);
  const made = { request, list, create: request };
  plans.set(limits, made);
  return made;
}

function buildPlan(quotas: Quota[]): Plan {
  const policies = quotas.map(
    ({ policy, limit, window_ms }) => `"${policy}";q=${limit};w=${window_ms / 1_000}`,
  );
  return { quotas, policies: policies.join(", ") };
}
