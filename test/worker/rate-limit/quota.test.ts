/** Limits: the exact quota of a merchant and what is said about it, creates that are repeated over it, keepers
 *  that die, and who comes with wrong credentials. Time stands still unless a test moves it. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { type BareItem, parseList } from "structured-headers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { app } from "../../../src/api/app";
import { MAX_API_KEYS } from "../../../src/api/merchants/api-key-routes";
import { forgetKeys } from "../../../src/api/middleware/authenticate";
import { resetFailedAuthLimits } from "../../../src/api/middleware/failed-auth-limit";
import type { Policy, Quota } from "../../../src/domain/rate-limit/quota";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { BASE, type Client, freshKey, newClient, TRANSACTIONS } from "../../support/api";
import {
  ask,
  type Bindings,
  createWith,
  expectRefusal,
  jsonOf,
  logLines,
  textOf,
} from "../../support/contract";
import { env, type TestEnv } from "../../support/env";
import { endHanging } from "../../support/with-timeout";

const MINUTE_MS = 60_000;
const LIMIT = 100;
/** Into the window that the tests begin in. */
const INTO_MS = 15_000;

let shop: Client;
let windowStartMs = 0;
beforeEach(async () => {
  windowStartMs = (Math.floor(Date.now() / MINUTE_MS) + 1) * MINUTE_MS;
  vi.useFakeTimers({ toFake: ["Date"], now: windowStartMs + INTO_MS });
  shop = await newClient();
});
afterEach(() => {
  vi.useRealTimers();
  forgetKeys();
  resetFailedAuthLimits();
});

const limited = (limit: number, lists = 0): Bindings => ({
  RATE_LIMIT_REQUESTS: String(limit),
  RATE_LIMIT_LISTS: String(lists),
});
const missing = `${TRANSACTIONS}/txn_${"a".repeat(26)}`;
/** A request that costs one, and is answered 404 while there is something left. */
const spendOne = (bindings: Bindings, { key } = shop) => ask(missing, { key, env: bindings });
const keeper = ({ merchant_id } = shop) => env.QUOTAS.getByName(merchant_id);
/** What another isolate does. */
const leaseElsewhere = (limit: number, policy: Policy = "requests") =>
  keeper().lease({ policy, limit, window_ms: MINUTE_MS }, 1);

type Limits = Record<string, Record<string, BareItem>>;
/** A field as a client reads it: items by their names, each with its parameters. */
function fieldOf({ headers }: Response, name: "RateLimit" | "RateLimit-Policy"): Limits {
  const items = parseList(headers.get(name) ?? "");
  for (const [item] of items) expect(item).toBeTypeOf("string");
  return Object.fromEntries(
    items.map(([item, parameters]) => [String(item), Object.fromEntries(parameters)]),
  );
}
const statusesOf = (answers: Response[]) => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};
/** Many at once, without the checks that `ask` makes of each answer. */
function burst(count: number, bindings: Bindings, { key } = shop): Promise<Response[]> {
  const shared = { ...env, ...bindings } as TestEnv; // Settings are text, as in the environment.
  const headers = { Authorization: `Bearer ${key}` };
  return Promise.all(
    Array.from({ length: count }, () =>
      app.fetch(new Request(`${BASE}${missing}`, { headers }), shared),
    ),
  );
}

describe("a merchant's quota", () => {
  it("lets exactly the limit pass of 300 requests that come at once", async () => {
    expect(statusesOf(await burst(300, limited(LIMIT)))).toEqual({ 404: LIMIT, 429: 300 - LIMIT });
  });

  it("costs a question for some of the requests, which those who come together share", async () => {
    const lease = vi.fn(() => ({ tokens: 50, left: 0, ends_in_ms: 45_000 }));
    const counting = { ...limited(50), QUOTAS: { getByName: () => ({ lease }) } };
    expect(statusesOf(await burst(50, counting))).toEqual({ 404: 50 });
    expect(lease).toHaveBeenCalledTimes(1);
  });

  it("costs a burst three questions, because the second is for all who wait", async () => {
    const lease = vi.fn((quota: Quota, wanted: number) => keeper().lease(quota, wanted));
    const counting = { ...limited(LIMIT), QUOTAS: { getByName: () => ({ lease }) } };
    expect(statusesOf(await burst(300, counting))).toEqual({ 404: LIMIT, 429: 300 - LIMIT });
    expect(lease.mock.calls.length).toBeLessThanOrEqual(3);
  });

  it("refuses without a question until the window ends", async () => {
    await burst(20, limited(10));
    const lease = vi.fn();
    const answers = await burst(20, { ...limited(10), QUOTAS: { getByName: () => ({ lease }) } });
    expect(statusesOf(answers)).toEqual({ 429: 20 });
    expect(lease).not.toHaveBeenCalled();
  });

  it("is whole again when the window has ended, to the millisecond", async () => {
    await burst(20, limited(10));
    vi.setSystemTime(windowStartMs + MINUTE_MS - 1);
    await expectRefusal(await spendOne(limited(10)), "rate_limited");
    vi.setSystemTime(windowStartMs + MINUTE_MS);
    expect(statusesOf(await burst(20, limited(10)))).toEqual({ 404: 10, 429: 10 });
  });

  it("forgets a lease with its window", async () => {
    expect((await spendOne(limited(800))).status).toBe(404);
    vi.setSystemTime(windowStartMs + MINUTE_MS);
    const answer = await spendOne(limited(800));
    expect(fieldOf(answer, "RateLimit")).toEqual({ requests: { r: 799, t: 60 } });
  });

  it("survives its keeper's eviction", async () => {
    expect(await leaseElsewhere(640)).toMatchObject({ tokens: 10, left: 630 });
    await evictDurableObject(keeper());
    expect(await leaseElsewhere(640)).toMatchObject({ tokens: 10, left: 620 });
    const rows = await runInDurableObject(keeper(), (_, { storage }) =>
      storage.sql.exec("SELECT * FROM windows").toArray(),
    );
    const ends_at_ms = windowStartMs + MINUTE_MS;
    expect(rows).toEqual([{ policy: "requests", ends_at_ms, leased: 20 }]);
  });

  it("is the merchant's, whichever key it uses, and nobody else's", async () => {
    const other = await newClient();
    const [hammered, unaffected] = await Promise.all([
      burst(300, limited(10)),
      burst(10, limited(10), other),
    ]);
    expect(statusesOf(hammered)).toEqual({ 404: 10, 429: 290 });
    expect(statusesOf(unaffected)).toEqual({ 404: 10 });
    expect(keeper().id.equals(keeper(other).id)).toBe(false);
  });

  it("has a smaller share for lists, which leaves the rest alone", async () => {
    const bindings = limited(50, 2);
    const list = () => ask(TRANSACTIONS, { key: shop.key, env: bindings });
    const first = await list();
    expect(fieldOf(first, "RateLimit-Policy")).toEqual({
      requests: { q: 50, w: 60 },
      lists: { q: 2, w: 60 },
    });
    expect(fieldOf(first, "RateLimit")).toMatchObject({ requests: { r: 49 }, lists: { r: 1 } });
    expect((await list()).status).toBe(200);
    const refused = await list();
    expect((await expectRefusal(refused, "rate_limited")).detail).toContain("lists");
    expect(fieldOf(refused, "RateLimit")).toMatchObject({ requests: { r: 48 }, lists: { r: 0 } });
    for (const path of ["/api/v1/events", "/api/v1/webhook-deliveries"]) {
      await expectRefusal(await ask(path, { key: shop.key, env: bindings }), "rate_limited");
    }
    expect(fieldOf(await spendOne(bindings), "RateLimit")).toMatchObject({ requests: { r: 47 } });
  });

  it("is spent by a key without the scope too", async () => {
    const { key } = await newClient(["transactions:write"]);
    await expectRefusal(await ask(missing, { key, env: limited(1) }), "scope_missing");
    await expectRefusal(await ask(missing, { key, env: limited(1) }), "rate_limited");
  });

  it("is not counted, nor spoken of, when the setting is 0", async () => {
    const answer = await app.fetch(
      new Request(`${BASE}${missing}`, { headers: { Authorization: `Bearer ${shop.key}` } }),
      { ...env, RATE_LIMIT_REQUESTS: "0" },
    );
    expect(answer.status).toBe(404);
    expect(answer.headers.has("RateLimit-Policy")).toBe(false);
    expect(answer.headers.has("RateLimit")).toBe(false);
  });
});

describe("a quota that several isolates spend", () => {
  const SHARED: Quota = { policy: "requests", limit: 640, window_ms: MINUTE_MS };
  const ISOLATES = 5;
  const LEASE = 10;
  type Isolate = (requests: number) => Promise<number>;
  type Spending = typeof import("../../../src/rate-limit/client");
  let started = 0;

  /** Each has the module, and with it what is remembered, for itself. They share the keeper. */
  async function startIsolates(): Promise<[Isolate, ...Isolate[]]> {
    const start = async (): Promise<Isolate> => {
      started += 1;
      // Under another address it is another module.
      const address = `../../../src/rate-limit/client.ts?isolate=${started}`;
      const { consumeQuotas } = (await import(/* @vite-ignore */ address)) as Spending;
      const spender = { env, log: () => undefined, merchant_id: shop.merchant_id };
      return async (requests) => {
        const all = Array.from({ length: requests }, async () => consumeQuotas(spender, [SHARED]));
        return (await Promise.all(all)).filter(({ over }) => over.length === 0).length;
      };
    };
    const isolates: [Isolate, ...Isolate[]] = [await start()];
    while (isolates.length < ISOLATES) isolates.push(await start());
    return isolates;
  }
  const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);

  it("lets exactly the limit pass when all of them are busy", async () => {
    const isolates = await startIsolates();
    const passed = await Promise.all(isolates.map((isolate) => isolate(SHARED.limit)));
    expect(sum(passed)).toBe(SHARED.limit);
    expect(passed.filter((count) => count > 0).length).toBeGreaterThan(1);
  });

  it("is short by the unspent leases of those that have fallen idle, and by no more", async () => {
    const [busy, ...idle] = await startIsolates();
    expect(await Promise.all(idle.map((isolate) => isolate(1)))).toEqual(idle.map(() => 1));
    expect(await busy(2 * SHARED.limit)).toBe(SHARED.limit - idle.length * LEASE);
    // What they hold is theirs to spend until the window ends.
    const later = await Promise.all(idle.map((isolate) => isolate(2 * LEASE)));
    expect(later).toEqual(idle.map(() => LEASE - 1));
    vi.setSystemTime(windowStartMs + MINUTE_MS);
    expect(await busy(2 * SHARED.limit)).toBe(SHARED.limit);
  });

  it("is never exceeded, and short by at most a 64th for each other, whoever is asked when", async () => {
    for (let seed = 1; seed <= 5; seed++) {
      vi.setSystemTime(windowStartMs + seed * MINUTE_MS);
      const isolates = await startIsolates();
      let passed = 0;
      let state = seed;
      let refused = 0;
      for (let turn = 0; turn < 200; turn++) {
        state = (state * 48_271) % 2_147_483_647;
        const requests = 1 + (state % 13);
        const count = (await isolates[state % ISOLATES]?.(requests)) ?? 0;
        passed += count;
        refused += requests - count;
      }
      expect(refused).toBeGreaterThan(0);
      expect(passed).toBeLessThanOrEqual(SHARED.limit);
      expect(passed).toBeGreaterThanOrEqual(SHARED.limit - (ISOLATES - 1) * LEASE);
    }
  });
});

describe("a clock that steps back", () => {
  it("holds a used-up quota for a window at most, and lends no more meanwhile", async () => {
    expect(statusesOf(await burst(LIMIT + 1, limited(LIMIT)))).toEqual({ 404: LIMIT, 429: 1 });
    const backMs = windowStartMs + INTO_MS - 60 * MINUTE_MS;
    vi.setSystemTime(backMs);
    forgetKeys(); // What is known of keys is another matter.
    const refused = await spendOne(limited(LIMIT));
    await expectRefusal(refused, "rate_limited");
    const waitS = Number(refused.headers.get("Retry-After"));
    expect(waitS).toBeLessThanOrEqual(60);
    vi.setSystemTime(backMs + waitS * 1_000);
    expect((await spendOne(limited(LIMIT))).status).toBe(404);
  });
});

describe("what an answer says of the quota", () => {
  it("counts down truthfully, request by request and second by second", async () => {
    for (let left = 4; left >= 0; left--) {
      const answer = await spendOne(limited(5));
      expect(fieldOf(answer, "RateLimit-Policy")).toEqual({ requests: { q: 5, w: 60 } });
      expect(fieldOf(answer, "RateLimit")).toEqual({ requests: { r: left, t: 41 + left } });
      vi.setSystemTime(Date.now() + 1_000);
    }
    const refused = await spendOne(limited(5));
    expect(fieldOf(refused, "RateLimit")).toEqual({ requests: { r: 0, t: 40 } });
  });

  it("gives every one of concurrent requests its own remainder", async () => {
    const answers = await burst(LIMIT, limited(LIMIT));
    const left = answers.map((answer) => Number(fieldOf(answer, "RateLimit").requests?.r));
    expect(left.sort((a, b) => a - b)).toEqual(Array.from({ length: LIMIT }, (_, at) => at));
  });

  it("is a problem over the limit, with whole seconds until it is worth trying again", async () => {
    await burst(5, limited(5));
    vi.setSystemTime(windowStartMs + INTO_MS + 500);
    const refused = await spendOne(limited(5));
    const problem = await expectRefusal(refused, "rate_limited");
    expect(problem.detail).toBe("Quota exceeded: requests. Retry in 45 seconds.");
    expect(refused.headers.get("Retry-After")).toBe("45");
    expect(fieldOf(refused, "RateLimit")).toEqual({ requests: { r: 0, t: 45 } });
  });

  it("keeps its promise: whoever waits that long is let in", async () => {
    await burst(5, limited(5));
    const waitS = Number((await spendOne(limited(5))).headers.get("Retry-After"));
    vi.setSystemTime(Date.now() + waitS * 1_000);
    expect((await spendOne(limited(5))).status).toBe(404);
  });
});

describe("a create over the limit", () => {
  const body = (amount = 10) => JSON.stringify({ user_id: "user_1", amount });
  const used = limited(1);
  let first: Response;
  let idempotencyKey = "";
  beforeEach(async () => {
    idempotencyKey = freshKey();
    first = await createWith(shop.key, idempotencyKey, body(), {});
    await burst(20, used); // Another limit than the first create's, so the lease goes first.
    await exhaust();
  });
  /** The rest of the lease that the first create got, and of the window. */
  async function exhaust() {
    await leaseElsewhere(1);
    vi.setSystemTime(windowStartMs + MINUTE_MS + INTO_MS);
    expect(statusesOf(await burst(2, used))).toEqual({ 404: 1, 429: 1 });
  }
  const createOver = (key: string, sent = body(), bindings = used) =>
    ask(TRANSACTIONS, {
      key: shop.key,
      body: sent,
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      env: bindings,
    });

  it("is answered from the store when it repeats one that has its answer", async () => {
    const repeated = await createOver(idempotencyKey);
    expect(repeated.status).toBe(201);
    expect(await textOf(repeated)).toBe(await textOf(first));
    expect(repeated.headers.get("Idempotent-Replayed")).toBe("true");
    expect(repeated.headers.get("Location")).toBe(first.headers.get("Location"));
    expect(fieldOf(repeated, "RateLimit")).toMatchObject({ requests: { r: 0 } });
  });

  it("is answered as first answered, whatever has become of the transaction", async () => {
    vi.setSystemTime(windowStartMs + 2 * MINUTE_MS);
    const { id } = await jsonOf<Transaction>(first);
    expect((await shop.cancel(id)).status).toBe(200);
    vi.setSystemTime(windowStartMs + 3 * MINUTE_MS);
    await burst(2, used);
    expect(await textOf(await createOver(idempotencyKey))).toBe(await textOf(first));
  });

  it("is refused with the fields when the key was used for something else", async () => {
    const problem = await expectRefusal(
      await createOver(idempotencyKey, body(11)),
      "idempotency_key_reused",
    );
    expect(problem.errors?.map(({ pointer }) => pointer)).toEqual(["#/amount"]);
  });

  it("is refused under a new key, and makes nothing", async () => {
    const key = freshKey();
    const refused = await createOver(key);
    await expectRefusal(refused, "rate_limited");
    expect(refused.headers.get("Retry-After")).toBe("45");
    vi.setSystemTime(windowStartMs + 2 * MINUTE_MS);
    const asked = await ask(`/api/v1/idempotency-keys/${key}`, { key: shop.key });
    await expectRefusal(asked, "idempotency_key_not_found");
  });

  it("is not looked up for another merchant's transaction", async () => {
    const other = await newClient();
    await burst(2, used, other);
    const refused = await ask(TRANSACTIONS, {
      key: other.key,
      body: body(),
      headers: { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey },
      env: used,
    });
    await expectRefusal(refused, "rate_limited");
  });

  it("is looked up as often as the limit allows, and no more", async () => {
    expect((await createOver(idempotencyKey)).status).toBe(201);
    await expectRefusal(await createOver(idempotencyKey), "rate_limited");
  });
});

describe("a keeper that cannot be asked", () => {
  const withKeeper = (lease: () => unknown): Bindings => ({
    ...limited(5),
    QUOTAS: { getByName: () => ({ lease }) },
  });
  const unwatched = () =>
    logLines().filter(
      ({ event, merchant_id }) => event === "quota.unwatched" && merchant_id === shop.merchant_id,
    );

  it.each([
    ["is dead", () => Promise.reject(new Error("dead"))],
    ["hangs", () => new Promise(() => undefined)],
  ])("lets everybody pass, and is reported once: %s", async (_, lease) => {
    let answers: Response[] = [];
    const pass = () =>
      endHanging("rate-limit/leased-quota", 20, async () => {
        answers = await burst(20, withKeeper(lease));
      });
    await pass();
    expect(statusesOf(answers)).toEqual({ 404: 20 });
    const [answer] = answers;
    expect(answer && fieldOf(answer, "RateLimit-Policy")).toEqual({ requests: { q: 5, w: 60 } });
    expect(answer?.headers.has("RateLimit")).toBe(false);
    vi.setSystemTime(Date.now() + 2_001);
    await pass();
    expect(statusesOf(answers)).toEqual({ 404: 20 });
    expect(unwatched()).toHaveLength(1);
  });

  it("is not asked again for two seconds, and counts from then on", async () => {
    const lease = vi.fn(() => Promise.reject(new Error("dead")));
    await burst(20, withKeeper(lease));
    const questions = lease.mock.calls.length;
    await burst(20, withKeeper(lease));
    expect(lease).toHaveBeenCalledTimes(questions);
    vi.setSystemTime(Date.now() + 2_001);
    expect(statusesOf(await burst(20, limited(5)))).toEqual({ 404: 5, 429: 15 });
  });

  it("is asked a second time at once, because it may only have moved", async () => {
    const lease = vi
      .fn()
      .mockRejectedValueOnce(Object.assign(new Error("moved"), { retryable: true }))
      .mockResolvedValue({ tokens: 1, left: 3, ends_in_ms: 45_000 });
    const answer = await spendOne(withKeeper(lease));
    expect(fieldOf(answer, "RateLimit")).toEqual({ requests: { r: 3, t: 45 } });
    expect(unwatched()).toEqual([]);
  });
});

describe("wrong credentials", () => {
  const FAILURES = 3;
  let clients = 0;
  /** An address of the test's own. */
  const freshAddress = () => `2001:db8::${(++clients).toString(16)}:0:0:0:1`;
  /** The platform's limiter, with a count that can be seen. */
  function limiter() {
    const counts = new Map<string, number>();
    return {
      counts,
      limit: async ({ key = "" }) => {
        counts.set(key, (counts.get(key) ?? 0) + 1);
        return { success: (counts.get(key) ?? 0) <= FAILURES };
      },
    };
  }
  type Attempt = { path?: string; key?: string; address: string; env?: Bindings };
  const attempt = ({ path = missing, key, address, env: bindings }: Attempt) =>
    ask(path, {
      ...(key === undefined ? {} : { key }),
      headers: { "CF-Connecting-IP": address },
      env: bindings ?? {},
    });

  it("hold an address back after too many, before they are looked at", async () => {
    const [address, keys] = [freshAddress(), limiter()];
    const failing = (key?: string) =>
      attempt({ address, env: { FAILED_KEYS: keys }, ...(key ? { key } : {}) });
    await expectRefusal(await failing(), "api_key_missing");
    await expectRefusal(await failing("sk_wrong"), "api_key_invalid");
    await expectRefusal(await failing(`sk_${"a".repeat(58)}`), "api_key_invalid");
    const refused = await failing("sk_wrong");
    await expectRefusal(refused, "too_many_failed_authentications");
    expect(refused.headers.get("Retry-After")).toBe("45");
    // A good key that this isolate has not seen is not looked up any more: D1 is not asked.
    forgetKeys();
    const untouched = { FAILED_KEYS: keys, DB: undefined };
    const held = await attempt({ address, key: shop.key, env: untouched });
    await expectRefusal(held, "too_many_failed_authentications");
    expect([...keys.counts.values()]).toEqual([FAILURES + 1]);
  });

  it("are forgiven when the period ends", async () => {
    const [address, keys] = [freshAddress(), limiter()];
    for (let count = 0; count <= FAILURES; count++) {
      await attempt({ address, key: "sk_wrong", env: { FAILED_KEYS: keys } });
    }
    forgetKeys();
    vi.setSystemTime(windowStartMs + MINUTE_MS);
    expect((await attempt({ address, key: shop.key })).status).toBe(404);
  });

  it("are forgiven within a period also when the clock has stepped back since", async () => {
    const [address, keys] = [freshAddress(), limiter()];
    for (let count = 0; count <= FAILURES; count++) {
      await attempt({ address, key: "sk_wrong", env: { FAILED_KEYS: keys } });
    }
    forgetKeys();
    vi.setSystemTime(windowStartMs - 60 * MINUTE_MS);
    expect((await attempt({ address, key: shop.key })).status).toBe(404);
  });

  it("do not hold back a good key that was seen before, nor other addresses", async () => {
    const [address, keys] = [freshAddress(), limiter()];
    const bindings = { FAILED_KEYS: keys };
    expect((await attempt({ address, key: shop.key, env: bindings })).status).toBe(404);
    for (let count = 0; count <= FAILURES; count++) {
      await attempt({ address, key: "sk_wrong", env: bindings });
    }
    expect((await attempt({ address, key: shop.key, env: bindings })).status).toBe(404);
    const elsewhere = await attempt({ address: freshAddress(), key: "sk_wrong", env: bindings });
    await expectRefusal(elsewhere, "api_key_invalid");
    const neighbour = address.replace(/1$/, "2");
    const sameNetwork = await attempt({ address: neighbour, key: "sk_wrong", env: bindings });
    await expectRefusal(sameNetwork, "too_many_failed_authentications");
  });

  it("cost a caller with a good key nothing", async () => {
    const [address, keys] = [freshAddress(), limiter()];
    await attempt({ address, key: shop.key, env: { FAILED_KEYS: keys } });
    expect(keys.counts.size).toBe(0);
  });

  it.each([
    ["/api/v1/merchants", "admin_token_invalid", env.ADMIN_TOKEN],
    ["/metrics", "metrics_token_invalid", env.METRICS_TOKEN],
  ] as const)("for %s hold back even the right one", async (path, code, token) => {
    const [address, tokens] = [freshAddress(), limiter()];
    const bindings = { FAILED_TOKENS: tokens };
    for (let count = 0; count < FAILURES; count++) {
      await expectRefusal(await attempt({ path, key: "wrong", address, env: bindings }), code);
    }
    const refused = await attempt({ path, key: "wrong", address, env: bindings });
    await expectRefusal(refused, "too_many_failed_authentications");
    const right = await attempt({ path, key: token, address, env: bindings });
    await expectRefusal(right, "too_many_failed_authentications");
    expect((await attempt({ path, key: token, address: freshAddress() })).status).toBe(200);
    // API keys are another matter.
    expect((await attempt({ address, key: shop.key })).status).toBe(404);
  });

  it("are only refused where there is no limiter, or it fails", async () => {
    const broken = { limit: () => Promise.reject(new Error("broken")) };
    for (const FAILED_KEYS of [undefined, broken]) {
      for (let count = 0; count < 20; count++) {
        const address = "198.51.100.7";
        const answer = await attempt({ address, key: "sk_wrong", env: { FAILED_KEYS } });
        await expectRefusal(answer, "api_key_invalid");
      }
    }
  });

  it("are counted by the limiter that wrangler.toml declares", async () => {
    expect(await env.FAILED_KEYS?.limit({ key: freshAddress() })).toEqual({ success: true });
    expect(await env.FAILED_TOKENS?.limit({ key: freshAddress() })).toEqual({ success: true });
  });
});

describe("a merchant's API keys", () => {
  const keysOf = ({ merchant_id }: Client) => `/api/v1/merchants/${merchant_id}/api-keys`;
  const post = (path: string, body: object = {}) =>
    ask(path, {
      key: env.ADMIN_TOKEN,
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
    });
  type Key = { id: string; expires_at: string | null };
  const living = async () => {
    const answer = await ask(keysOf(shop), { key: env.ADMIN_TOKEN });
    const { data } = await jsonOf<{ data: Key[] }>(answer);
    return data.filter(({ expires_at }) => expires_at === null);
  };

  it(`are at most ${MAX_API_KEYS}, also when the last places are raced for`, async () => {
    for (let count = 1; count < MAX_API_KEYS - 5; count++) await post(keysOf(shop));
    const racing = await Promise.all(Array.from({ length: 20 }, () => post(keysOf(shop))));
    expect(statusesOf(racing)).toEqual({ 201: 5, 409: 15 });
    const keys = await living();
    expect(keys).toHaveLength(MAX_API_KEYS);
    // Full as it is, each can be replaced, because the old one makes room; raced for, once.
    const [one, other] = keys.map(({ id }) => `${keysOf(shop)}/${id}`);
    const rolls = [`${one}/roll`, `${one}/roll`, `${other}/roll`].map((path) =>
      post(path, { overlap_s: 3_600 }),
    );
    expect(statusesOf(await Promise.all(rolls))).toEqual({ 201: 2, 409: 1 });
    expect(await living()).toHaveLength(MAX_API_KEYS);
    await expectRefusal(await post(keysOf(shop)), "too_many_api_keys");
    const [last] = await living();
    const path = `${keysOf(shop)}/${last?.id}`;
    expect((await ask(path, { method: "DELETE", key: env.ADMIN_TOKEN })).status).toBe(204);
    expect((await post(keysOf(shop))).status).toBe(201);
  });
});
