/** A velocity object whose clock was ahead and is set back. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { forgetRisk } from "../../../src/transactions/risk/rules-cache";
import { VelocityCounter } from "../../../src/velocity/velocity-counter";
import { MERCHANT, NOW_MS } from "../../support/examples";
import { memoryStorage } from "../../support/sqlite";

const [MINUTE_MS, HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];
const YEAR_MS = 365 * DAY_MS;
beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] });
  forgetRisk();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a velocity object whose clock was ahead and is set back", () => {
  const payment = (id: number) => ({
    transaction_id: `txn_${id}`,
    merchant_id: MERCHANT,
    subject: "customer" as const,
    value: "user_1",
    user_id: "user_1",
    currency: "USD",
    amount_minor: 100,
    measures: [],
  });
  const asked = [
    { name: "count.1m", measure: "count", window: "1m", completed_only: false } as const,
    "age_s" as const,
  ];

  it("A velocity object whose clock was set back counts earlier payments as of now, so that windows roll on", () => {
    const windows = new VelocityCounter(memoryStorage().sql);
    expect(windows.observe(payment(1), asked, NOW_MS - HOUR_MS)).toEqual([1, 0]);
    expect(windows.observe(payment(2), asked, NOW_MS + YEAR_MS)).toEqual([
      1,
      (YEAR_MS + HOUR_MS) / 1_000,
    ]);
    windows.bringBack(NOW_MS);
    expect(windows.newestAt).toBe(NOW_MS);
    expect(windows.observe(payment(3), asked, NOW_MS)).toEqual([2, HOUR_MS / 1_000]);
    expect(windows.observe(payment(4), asked, NOW_MS + MINUTE_MS)).toEqual([1, 3_660]);
  });
});
