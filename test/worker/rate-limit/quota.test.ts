/** A merchant's quota of requests. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { app } from "../../../src/api/app";
import { forgetKeys } from "../../../src/api/middleware/authenticate";
import { resetFailedAuthLimits } from "../../../src/api/middleware/failed-auth-limit";
import type { Quota } from "../../../src/domain/rate-limit/quota";
import { BASE, newClient, TRANSACTIONS } from "../../support/api";
import { ask, type Bindings, expectRefusal, logLines } from "../../support/contract";
import { env } from "../../support/env";
import {
  burst,
  fieldOf,
  INTO_MS,
  keeper,
  leaseElsewhere,
  limited,
  MINUTE_MS,
  missing,
  shop,
  statusesOf,
  windowStartMs,
} from "../../support/limited-requests";
import { endHanging } from "../../support/with-timeout";

const LIMIT = 100;
afterEach(() => {
  vi.useRealTimers();
  forgetKeys();
  resetFailedAuthLimits();
});

/** A request that costs one, and is answered 404 while there is something left. */
const spendOne = (bindings: Bindings, { key } = shop) => ask(missing, { key, env: bindings });
describe("a merchant's quota", () => {
  it("A quota lets exactly the limit pass of 300 concurrent requests", async () => {
    expect(statusesOf(await burst(300, limited(LIMIT)))).toEqual({ 404: LIMIT, 429: 300 - LIMIT });
  });

  it("A quota calls its keeper for some of the requests, and concurrent ones share a call", async () => {
    const lease = vi.fn(() => ({ tokens: 50, left: 0, ends_in_ms: 45_000 }));
    const counting = { ...limited(50), QUOTAS: { getByName: () => ({ lease }) } };
    expect(statusesOf(await burst(50, counting))).toEqual({ 404: 50 });
    expect(lease).toHaveBeenCalledTimes(1);
  });

  it("A burst calls the keeper three times, because the second call is for all waiting requests", async () => {
    const lease = vi.fn((quota: Quota, wanted: number) => keeper().lease(quota, wanted));
    const counting = { ...limited(LIMIT), QUOTAS: { getByName: () => ({ lease }) } };
    expect(statusesOf(await burst(300, counting))).toEqual({ 404: LIMIT, 429: 300 - LIMIT });
    expect(lease.mock.calls.length).toBeLessThanOrEqual(3);
  });

  it("A used-up quota refuses without a call of the keeper until the window ends", async () => {
    await burst(20, limited(10));
    const lease = vi.fn();
    const answers = await burst(20, { ...limited(10), QUOTAS: { getByName: () => ({ lease }) } });
    expect(statusesOf(answers)).toEqual({ 429: 20 });
    expect(lease).not.toHaveBeenCalled();
  });

  it("A quota is whole again when the window has ended, to the millisecond", async () => {
    await burst(20, limited(10));
    vi.setSystemTime(windowStartMs + MINUTE_MS - 1);
    await expectRefusal(await spendOne(limited(10)), "rate_limited");
    vi.setSystemTime(windowStartMs + MINUTE_MS);
    expect(statusesOf(await burst(20, limited(10)))).toEqual({ 404: 10, 429: 10 });
  });

  it("A lease ends with its window", async () => {
    expect((await spendOne(limited(800))).status).toBe(404);
    vi.setSystemTime(windowStartMs + MINUTE_MS);
    const answer = await spendOne(limited(800));
    expect(fieldOf(answer, "RateLimit")).toEqual({ requests: { r: 799, t: 60 } });
  });

  it("A quota survives its keeper's eviction", async () => {
    expect(await leaseElsewhere(640)).toMatchObject({ tokens: 10, left: 630 });
    await evictDurableObject(keeper());
    expect(await leaseElsewhere(640)).toMatchObject({ tokens: 10, left: 620 });
    const rows = await runInDurableObject(keeper(), (_, { storage }) =>
      storage.sql.exec("SELECT * FROM windows").toArray(),
    );
    const ends_at_ms = windowStartMs + MINUTE_MS;
    expect(rows).toEqual([{ policy: "requests", ends_at_ms, leased: 20 }]);
  });

  it("A quota is shared by all of a merchant's keys, and not with other merchants", async () => {
    const other = await newClient();
    const [hammered, unaffected] = await Promise.all([
      burst(300, limited(10)),
      burst(10, limited(10), other),
    ]);
    expect(statusesOf(hammered)).toEqual({ 404: 10, 429: 290 });
    expect(statusesOf(unaffected)).toEqual({ 404: 10 });
    expect(keeper().id.equals(keeper(other).id)).toBe(false);
  });

  it("Lists have a smaller quota, and do not use up the rest", async () => {
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

  it("A key without the scope uses up the quota, too", async () => {
    const { key } = await newClient(["transactions:write"]);
    await expectRefusal(await ask(missing, { key, env: limited(1) }), "scope_missing");
    await expectRefusal(await ask(missing, { key, env: limited(1) }), "rate_limited");
  });

  it("A quota of 0 is not counted, and has no headers", async () => {
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

  it("Exactly the limit passes when all isolates are busy", async () => {
    const isolates = await startIsolates();
    const passed = await Promise.all(isolates.map((isolate) => isolate(SHARED.limit)));
    expect(sum(passed)).toBe(SHARED.limit);
    expect(passed.filter((count) => count > 0).length).toBeGreaterThan(1);
  });

  it("Idle isolates reduce the limit by their unused leases, and by no more", async () => {
    const [busy, ...idle] = await startIsolates();
    expect(await Promise.all(idle.map((isolate) => isolate(1)))).toEqual(idle.map(() => 1));
    expect(await busy(2 * SHARED.limit)).toBe(SHARED.limit - idle.length * LEASE);
    // What they hold is theirs to spend until the window ends.
    const later = await Promise.all(idle.map((isolate) => isolate(2 * LEASE)));
    expect(later).toEqual(idle.map(() => LEASE - 1));
    vi.setSystemTime(windowStartMs + MINUTE_MS);
    expect(await busy(2 * SHARED.limit)).toBe(SHARED.limit);
  });

  it("The limit is never exceeded, and is reduced by at most a 64th for each other isolate", async () => {
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
  it("A clock that steps back refuses a used-up quota for one window at most, and leases no more meanwhile", async () => {
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
  it("The rate limit headers count down exactly, request by request and second by second", async () => {
    for (let left = 4; left >= 0; left--) {
      const answer = await spendOne(limited(5));
      expect(fieldOf(answer, "RateLimit-Policy")).toEqual({ requests: { q: 5, w: 60 } });
      expect(fieldOf(answer, "RateLimit")).toEqual({ requests: { r: left, t: 41 + left } });
      vi.setSystemTime(Date.now() + 1_000);
    }
    const refused = await spendOne(limited(5));
    expect(fieldOf(refused, "RateLimit")).toEqual({ requests: { r: 0, t: 40 } });
  });

  it("Each of several concurrent requests gets its own remainder", async () => {
    const answers = await burst(LIMIT, limited(LIMIT));
    const left = answers.map((answer) => Number(fieldOf(answer, "RateLimit").requests?.r));
    expect(left.sort((a, b) => a - b)).toEqual(Array.from({ length: LIMIT }, (_, at) => at));
  });

  it("A request over the limit is a problem, with whole seconds until a retry can succeed", async () => {
    await burst(5, limited(5));
    vi.setSystemTime(windowStartMs + INTO_MS + 500);
    const refused = await spendOne(limited(5));
    const problem = await expectRefusal(refused, "rate_limited");
    expect(problem.detail).toBe("Quota exceeded: requests. Retry in 45 seconds.");
    expect(refused.headers.get("Retry-After")).toBe("45");
    expect(fieldOf(refused, "RateLimit")).toEqual({ requests: { r: 0, t: 45 } });
  });

  it("A client that waits for Retry-After is accepted", async () => {
    await burst(5, limited(5));
    const waitS = Number((await spendOne(limited(5))).headers.get("Retry-After"));
    vi.setSystemTime(Date.now() + waitS * 1_000);
    expect((await spendOne(limited(5))).status).toBe(404);
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
  ])("All requests pass when the keeper fails, and it is reported once: %s", async (_, lease) => {
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

  it("A keeper that failed is not called for two seconds, and counts from then on", async () => {
    const lease = vi.fn(() => Promise.reject(new Error("dead")));
    await burst(20, withKeeper(lease));
    const questions = lease.mock.calls.length;
    await burst(20, withKeeper(lease));
    expect(lease).toHaveBeenCalledTimes(questions);
    vi.setSystemTime(Date.now() + 2_001);
    expect(statusesOf(await burst(20, limited(5)))).toEqual({ 404: 5, 429: 15 });
  });

  it("A keeper that may only have moved is called a second time at once", async () => {
    const lease = vi
      .fn()
      .mockRejectedValueOnce(Object.assign(new Error("moved"), { retryable: true }))
      .mockResolvedValue({ tokens: 1, left: 3, ends_in_ms: 45_000 });
    const answer = await spendOne(withKeeper(lease));
    expect(fieldOf(answer, "RateLimit")).toEqual({ requests: { r: 3, t: 45 } });
    expect(unwatched()).toEqual([]);
  });
});
