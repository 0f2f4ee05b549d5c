/** Requests of a merchant whose quota is low. */
import { type BareItem, parseList } from "structured-headers";
import { beforeEach, expect, vi } from "vitest";
import { app } from "../../src/api/app";
import type { Policy } from "../../src/domain/rate-limit/quota";
import { BASE, type Client, newClient, TRANSACTIONS } from "./api";
import type { Bindings } from "./contract";
import { env, type TestEnv } from "./env";

export const MINUTE_MS = 60_000;

/** Into the window that the tests begin in. */
export const INTO_MS = 15_000;
export let shop: Client;
export let windowStartMs = 0;
beforeEach(async () => {
  windowStartMs = (Math.floor(Date.now() / MINUTE_MS) + 1) * MINUTE_MS;
  vi.useFakeTimers({ toFake: ["Date"], now: windowStartMs + INTO_MS });
  shop = await newClient();
});

export const limited = (limit: number, lists = 0): Bindings => ({
  RATE_LIMIT_REQUESTS: String(limit),
  RATE_LIMIT_LISTS: String(lists),
});

export const missing = `${TRANSACTIONS}/txn_${"a".repeat(26)}`;
export const keeper = ({ merchant_id } = shop) => env.QUOTAS.getByName(merchant_id);

/** What another isolate does. */
export const leaseElsewhere = (limit: number, policy: Policy = "requests") =>
  keeper().lease({ policy, limit, window_ms: MINUTE_MS }, 1);
export type Limits = Record<string, Record<string, BareItem>>;

/** A field as a client reads it: items by their names, each with its parameters. */
export function fieldOf({ headers }: Response, name: "RateLimit" | "RateLimit-Policy"): Limits {
  const items = parseList(headers.get(name) ?? "");
  for (const [item] of items) expect(item).toBeTypeOf("string");
  return Object.fromEntries(
    items.map(([item, parameters]) => [String(item), Object.fromEntries(parameters)]),
  );
}

export const statusesOf = (answers: Response[]) => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

/** Many at once, without the checks that `ask` makes of each answer. */
export function burst(count: number, bindings: Bindings, { key } = shop): Promise<Response[]> {
  const shared = { ...env, ...bindings } as TestEnv; // Settings are text, as in the environment.
  const headers = { Authorization: `Bearer ${key}` };
  return Promise.all(
    Array.from({ length: count }, () =>
      app.fetch(new Request(`${BASE}${missing}`, { headers }), shared),
    ),
  );
}
