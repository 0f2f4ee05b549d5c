/** What a backtest may cost others: as how many requests it counts, one at a time for a merchant, in slices. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { app } from "../../../../src/api/app";
import { forgetKeys } from "../../../../src/api/middleware/authenticate";
import { backtestCost, listPayments, tallyDecisions } from "../../../../src/api/risk/run-backtest";
import { openDatabase } from "../../../../src/d1/query";
import { BacktestTally } from "../../../../src/domain/risk/backtest/backtest-report";
import { MAX_CONDITIONS } from "../../../../src/domain/risk/limits";
import type { Rule } from "../../../../src/domain/risk/rule-set";
import { BASE, type Client, newClient, TRANSACTIONS } from "../../../support/api";
import { ask, type Bindings, expectRefusal, jsonOf } from "../../../support/contract";
import { env, type TestEnv } from "../../../support/env";
import { rulesOf } from "../../../support/risk";

const MINUTE_MS = 60_000;
let shop: Client;
beforeEach(async () => {
  const now = (Math.floor(Date.now() / MINUTE_MS) + 1) * MINUTE_MS;
  vi.useFakeTimers({ toFake: ["Date"], now });
  shop = await newClient();
});

afterEach(() => {
  vi.useRealTimers();
  forgetKeys();
});

const rulesWith = (conditions: number): Rule[] => [
  {
    id: "rule",
    points: 1,
    when: {
      any: Array.from({ length: conditions - 1 }, (_, at) => ({
        currency: [at % 2 ? "EUR" : "CHF"],
      })),
    },
  },
];

const run = (body: object = {}, bindings: Bindings = {}, { key } = shop) =>
  ask("/api/v1/risk/backtest", {
    key,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ rule_set: { rules: [] }, ...body }),
    env: bindings,
  });
const limited = (requests: number): Bindings => ({
  RATE_LIMIT_REQUESTS: String(requests),
  RATE_LIMIT_LISTS: "0",
});

const leftOf = ({ headers }: Response) =>
  Number(/;r=(\d+)/.exec(headers.get("RateLimit") ?? "")?.[1]);
const keeper = () => env.QUOTAS.getByName(shop.merchant_id);

describe("a backtest counts as requests in proportion to its payments and conditions", () => {
  it.each([
    [1, 0, 1],
    [50, 0, 1],
    [1_000, 0, 20],
    [1_000, 3, 26],
    [10, MAX_CONDITIONS, 11],
    [1_000, MAX_CONDITIONS, 1_020],
  ])("%i payments and %i conditions: as %i", (limit, conditions, cost) => {
    expect(backtestCost(limit, conditions)).toBe(cost);
  });

  it("A backtest counts against the merchant's quota in proportion to its payments and conditions", async () => {
    expect(leftOf(await run({ limit: 1_000 }, limited(6_000)))).toBe(6_000 - 20);
    const rules = rulesWith(40);
    expect(leftOf(await run({ rule_set: { rules }, limit: 100 }, limited(6_000)))).toBe(
      6_000 - 20 - 10,
    );
  });

  it("A backtest is refused, and costs one request, when too little of the quota is left", async () => {
    const few = limited(100);
    expect(leftOf(await run({ limit: 1_000, rule_set: { rules: rulesWith(30) } }, few))).toBe(20);
    const refused = await run({ limit: 1_000, rule_set: { rules: rulesWith(30) } }, few);
    const { detail } = await expectRefusal(refused, "rate_limited");
    expect(detail).toContain("This request counts as 80 requests.");
    expect(leftOf(refused)).toBe(19);
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect((await run({ limit: 500 }, few)).status).toBe(200);
  });

  it("A backtest never costs more than the whole quota", async () => {
    const response = await run({ limit: 1_000, rule_set: { rules: rulesWith(400) } }, limited(50));
    expect(response.status).toBe(200);
    expect(leftOf(response)).toBe(0);
  });

  it("A backtest costs nothing where requests are not counted", async () => {
    const request = new Request(`${BASE}/api/v1/risk/backtest`, {
      method: "POST",
      headers: { Authorization: `Bearer ${shop.key}`, "Content-Type": "application/json" },
      body: '{"rule_set":{"rules":[]}}',
    });
    const unlimited = { ...env, ...limited(0) } as TestEnv; // Settings are text.
    expect((await app.fetch(request, unlimited)).status).toBe(200);
  });
});

describe("a merchant's second backtest at a time", () => {
  it("A merchant's second concurrent backtest is refused with the time to wait, in any isolate, and other merchants' are not", async () => {
    expect(await keeper().hold("backtest", "another isolate", 10_000)).toBe(0);
    const refused = await run();
    expect(refused.headers.get("Retry-After")).toBe("2");
    await expectRefusal(refused, "backtest_running");
    expect((await run({}, {}, await newClient())).status).toBe(200);
    await keeper().free("backtest", "another isolate");
    expect((await run()).status).toBe(200);
    expect((await run()).status).toBe(200);
  });

  it("A backtest runs when the first one has not renewed its hold for ten seconds", async () => {
    expect(await keeper().hold("backtest", "a dead isolate", 10_000)).toBe(0);
    vi.setSystemTime(Date.now() + 9_999);
    await expectRefusal(await run(), "backtest_running");
    vi.setSystemTime(Date.now() + 1);
    expect((await run()).status).toBe(200);
  });

  it("A backtest runs after one that was refused or has failed", async () => {
    await run({ limit: 1_000, rule_set: { rules: rulesWith(400) } }, limited(50));
    await expectRefusal(await run({ limit: 500 }, limited(50)), "rate_limited");
    vi.setSystemTime(Date.now() + 2 * MINUTE_MS);
    expect((await run()).status).toBe(200);
  });

  it("A backtest is refused with 503 when the keeper cannot be reached", async () => {
    const lease = () => ({ tokens: 100, left: 100, ends_in_ms: 1_000 });
    const hold = () => Promise.reject(new Error("dead"));
    const QUOTAS = { getByName: () => ({ lease, hold, free: hold }) };
    await expectRefusal(await run({}, { QUOTAS }), "unavailable");
  });
});

describe("a backtest's work", () => {
  it("A backtest is cut into slices of five hundred conditions, between which other requests run", async () => {
    for (let made = 0; made < 12; made++) await shop.created();
    await shop.get(TRANSACTIONS); // D1 has them when this is answered.
    const wanted = { merchant_id: shop.merchant_id, filter: {}, after: undefined, limit: 12 };
    const pausesWith = async (conditions: number) => {
      const tally = new BacktestTally(rulesOf({ rules: rulesWith(conditions) }));
      let pauses = 0;
      const pause = async () => void pauses++;
      await tallyDecisions(
        (part) => listPayments(openDatabase(env.DB), part),
        wanted,
        tally,
        conditions,
        pause,
        pause,
      );
      expect(tally.examined).toBe(12);
      return pauses;
    };
    expect(await pausesWith(2)).toBe(0);
    expect(await pausesWith(240)).toBe(6);
    expect(await pausesWith(MAX_CONDITIONS)).toBe(12);
  });

  it("A backtest has the same result, however it is cut", async () => {
    for (let made = 0; made < 5; made++) await shop.created();
    const whole = await jsonOf<object>(await run({ limit: 5 }));
    expect(whole).toMatchObject({ examined: 5, unchanged: 5, has_more: false });
  });
});
