/** How long a shard uses its cached rules, and what it does when D1 cannot be read. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DatabaseUnavailable } from "../../../../src/d1/query";
import type { MerchantRisk } from "../../../../src/d1/risk/risk-rules";
import { DependencyFailing } from "../../../../src/runtime/cache/refreshed-cache";
import { forgetRisk, RulesCache } from "../../../../src/transactions/risk/rules-cache";
import { NOW_MS, RULES } from "../../../support/examples";

const { rule_set } = RULES;
const DOWN = new DatabaseUnavailable("down");

/** A merchant's rules in a fake D1 that responds when the test lets it. */
function fake() {
  const stored: MerchantRisk = { version: 1, rule_set: { version: 1, rule_set }, entries: [] };
  const asked = { risk: 0, version: 0 };
  let fate: (() => Promise<void>) | undefined;
  const reader = {
    risk: async () => {
      asked.risk += 1;
      const seen = { ...stored };
      await fate?.();
      return seen;
    },
    version: async () => {
      asked.version += 1;
      const seen = stored.version;
      await fate?.();
      return seen;
    },
  };
  const change = (version: number) => {
    stored.version = version;
    stored.rule_set = { version, rule_set };
  };
  const meet = (next: typeof fate) => {
    fate = next;
  };
  return { reader, asked, change, meet };
}

const logged: string[] = [];
const log = (_: string, event: string) => logged.push(event);
const bookOf = ({ reader }: ReturnType<typeof fake>) => new RulesCache(reader, log);
const versionIn = async (book: RulesCache, merchant = "mer_a") =>
  (await book.get(merchant)).rules?.version;
const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
const settle = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] });
  forgetRisk();
  logged.length = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a merchant's rules", () => {
  it("A merchant's rules are read once, and not again for two seconds", async () => {
    const d1 = fake();
    const book = bookOf(d1);
    await Promise.all([versionIn(book), versionIn(book), versionIn(book)]);
    later(1_999);
    expect(book.get("mer_a")).not.toBeInstanceOf(Promise);
    expect(d1.asked).toEqual({ risk: 1, version: 0 });
  });

  it("A merchant's rules are checked in the background while they are in use, by their version alone", async () => {
    const d1 = fake();
    const book = bookOf(d1);
    await versionIn(book);
    for (let second = 0; second < 20; second += 1) {
      later(2_000);
      // A stale entry is returned at once, without a wait for D1.
      expect(book.get("mer_a")).not.toBeInstanceOf(Promise);
      await settle();
    }
    expect(d1.asked).toEqual({ risk: 1, version: 20 });
  });

  it("A payment four seconds after a change gets the new rules", async () => {
    for (const pause of [100, 500, 1_999, 2_000, 3_999, 4_000, 60_000]) {
      forgetRisk();
      const d1 = fake();
      const book = bookOf(d1);
      await versionIn(book);
      later(1);
      d1.change(2);
      const changedAtMs = Date.now();
      let version = await versionIn(book);
      while (version === 1) {
        expect(Date.now() - changedAtMs, `paying every ${pause} ms`).toBeLessThan(4_000);
        later(pause);
        version = await versionIn(book);
        await settle();
      }
      expect(version).toBe(2);
    }
  });

  it("A payment waits for the rules when the last read is four seconds old", async () => {
    const d1 = fake();
    const book = bookOf(d1);
    await versionIn(book);
    d1.change(2);
    later(3_999);
    expect(await versionIn(book)).toBe(1);
    forgetRisk();
    d1.change(1);
    await versionIn(book);
    d1.change(2);
    later(4_000);
    expect(await versionIn(book)).toBe(2);
  });

  it("The result of an older read never replaces a merchant's newer rules", async () => {
    const d1 = fake();
    const [slow, quick] = [bookOf(d1), bookOf(d1)];
    let answer = () => {};
    d1.meet(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const waiting = versionIn(slow);
    later(10);
    d1.change(2);
    d1.meet(undefined);
    expect(await versionIn(quick)).toBe(2);
    answer();
    expect(await waiting).toBe(2);
    expect(await versionIn(slow)).toBe(2);
  });

  it("A merchant without rules has none in the cache", async () => {
    const book = new RulesCache(
      {
        risk: async () => ({ version: 0, rule_set: undefined, entries: [] }),
        version: async () => 0,
      },
      log,
    );
    expect(await book.get("mer_a")).toMatchObject({ rules: undefined, lists: new Map() });
  });
});

describe("when D1 cannot be read", () => {
  it("The last known rules apply while D1 fails, and the failure is logged", async () => {
    const d1 = fake();
    const book = bookOf(d1);
    await versionIn(book);
    d1.meet(() => Promise.reject(DOWN));
    later(3_600_000);
    expect(await versionIn(book)).toBe(1);
    expect(logged).toEqual(["risk_rules.failed"]);
  });

  it("After a failure D1 is read every two seconds, and no payment waits for it", async () => {
    const d1 = fake();
    const book = bookOf(d1);
    await versionIn(book);
    d1.meet(() => Promise.reject(DOWN));
    later(10_000);
    await versionIn(book);
    later(1_999);
    expect(book.get("mer_a")).not.toBeInstanceOf(Promise);
    expect(d1.asked).toEqual({ risk: 1, version: 1 });
    d1.meet(undefined);
    d1.change(2);
    later(1);
    expect(book.get("mer_a")).toMatchObject({ rules: { version: 1 } });
    await settle();
    expect(d1.asked).toEqual({ risk: 2, version: 2 });
    expect(book.get("mer_a")).toMatchObject({ rules: { version: 2 } });
  });

  it("No batch waits for a merchant that was never read while D1 is known to fail", async () => {
    const d1 = fake();
    const book = bookOf(d1);
    await versionIn(book);
    d1.meet(() => Promise.reject(DOWN));
    later(10_000);
    await versionIn(book);
    expect(() => book.get("mer_b")).toThrow(DependencyFailing);
    d1.meet(undefined);
    later(2_000);
    expect(() => book.get("mer_b")).toThrow(DependencyFailing);
    await settle();
    expect(book.get("mer_b")).toMatchObject({ rules: { version: 1 } });
  });

  it("No payment is decided for a merchant whose rules were never read", async () => {
    const d1 = fake();
    d1.meet(() => Promise.reject(DOWN));
    await expect(versionIn(bookOf(d1))).rejects.toBe(DOWN);
    later(5_000);
    d1.meet(undefined);
    expect(await versionIn(bookOf(d1))).toBe(1);
  });
});

describe("when D1 hangs for five minutes", () => {
  it.each([100, 1_500])(
    "Objects that decide a payment every %i ms never wait for D1, and few of their reads are under way",
    async (pauseMs) => {
      vi.useRealTimers();
      vi.useFakeTimers({ now: NOW_MS });
      const limitMs = 1_000;
      let underWay = 0;
      let most = 0;
      let hangs = false;
      let version = 1;
      const read = async <Value>(value: () => Value): Promise<Value> => {
        if (!hangs) return value();
        most = Math.max(most, ++underWay);
        // As a query of D1 does: it fails at its time limit.
        await new Promise((resolve) => setTimeout(resolve, limitMs));
        underWay -= 1;
        throw DOWN;
      };
      const stored = () => ({ version, rule_set: { version, rule_set }, entries: [] });
      const reader = {
        risk: () => read(stored),
        version: () => read(() => version),
      };
      const objects = [1, 2, 3, 4].map(() => new RulesCache(reader, log));
      const payAll = () => objects.map((object) => object.get("mer_a"));
      await Promise.all(payAll());
      const isWaiting = (rules: unknown) => rules instanceof Promise;
      for (let atMs = 0; atMs < 300_000; atMs += pauseMs) {
        hangs = true;
        await vi.advanceTimersByTimeAsync(pauseMs);
        expect(payAll().some(isWaiting), `after ${atMs} ms`).toBe(false);
      }
      expect(most).toBeLessThanOrEqual(objects.length);
      hangs = false;
      version = 2;
      await vi.advanceTimersByTimeAsync(5_000);
      payAll();
      await vi.advanceTimersByTimeAsync(1);
      const rules = await Promise.all(payAll());
      expect(rules.map((one) => one.rules?.version)).toEqual([2, 2, 2, 2]);
      expect(underWay).toBe(0);
    },
  );
});

describe("memory", () => {
  const rules = rule_set.rules.filter(({ id }) => id === "frequency");
  const large = { ...rule_set, rules: Array.from({ length: 2_000 }, () => rules).flat() };
  const entries = Array.from({ length: 5_000 }, (_, index) => ({
    list: "block" as const,
    field: "card_fingerprint" as const,
    value: `${index}`.padStart(400, "x"),
    expires_at_ms: null,
  }));
  it.each([
    ["rules", { version: 1, rule_set: { version: 1, rule_set: large }, entries: [] }, 40],
    ["lists", { version: 1, rule_set: undefined, entries }, 10],
  ] as [string, MerchantRisk, number][])(
    "The rules cache is bounded by what %s take, and the newest merchants stay",
    async (_, stored, merchants) => {
      const asked: string[] = [];
      const risk = async (merchantId: string) => {
        asked.push(merchantId);
        return stored;
      };
      const book = new RulesCache({ risk, version: async () => 1 }, log);
      for (let merchant = 0; merchant < merchants; merchant += 1) await book.get(`mer_${merchant}`);
      asked.length = 0;
      for (const merchant of [merchants - 1, merchants - 3, 0]) await book.get(`mer_${merchant}`);
      expect(asked).toEqual(["mer_0"]);
    },
  );
});
