/** How the TypeScript client waits for an outcome. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OutcomePendingError } from "../../../../clients/typescript/src/index";
import { clientOf } from "../../../support/replying-client";

const transaction = (status: string, more: object = {}) => ({ id: "txn_1", status, ...more });
const processing = { status: 200, body: transaction("processing") };

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

describe("Waiting for an outcome", () => {
  it("It waits as long as the response says, and then with growing pauses", async () => {
    const accepted = { ...processing, status: 202, headers: { "Retry-After": "3" } };
    const completed = { status: 200, body: transaction("completed") };
    const { payments, at_ms } = clientOf(accepted, processing, processing, completed);
    const started = await payments.transactions.process("txn_1");
    const waiting = payments.transactions.waitUntilFinal(started);
    await vi.runAllTimersAsync();
    expect((await waiting).status).toBe("completed");
    expect(at_ms).toEqual([0, 3_000, 4_000, 6_000]);
  });

  it.each(["completed", "failed", "cancelled", "authorized", "pending", "review"])(
    "A transaction that is %s is returned at once",
    async (status) => {
      const { payments, urls } = clientOf({ status: 200, body: transaction(status) });
      expect((await payments.transactions.waitUntilFinal("txn_1")).status).toBe(status);
      expect(urls).toHaveLength(1);
    },
  );

  it("An action of the customer ends the wait", async () => {
    const next_action = { type: "redirect_to_url", redirect_to_url: { url: "https://b.example" } };
    const needed = { status: 200, body: transaction("requires_action", { next_action }) };
    const { payments } = clientOf(processing, needed);
    const waiting = payments.transactions.waitUntilFinal("txn_1");
    await vi.runAllTimersAsync();
    expect(await waiting).toMatchObject({ status: "requires_action", next_action });
  });

  it("It ends after its time with the transaction as it is", async () => {
    const { payments, at_ms } = clientOf(processing);
    const waiting = payments.transactions.waitUntilFinal("txn_1", { timeoutMs: 2_000 });
    const failure = waiting.catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    const error = (await failure) as OutcomePendingError;
    expect(error).toBeInstanceOf(OutcomePendingError);
    expect(error.resource).toMatchObject({ id: "txn_1", status: "processing" });
    expect(at_ms).toEqual([0, 500, 1_500, 2_000]);
  });

  it("A caller's signal ends it", async () => {
    const { payments, urls } = clientOf(processing);
    const caller = new AbortController();
    const waiting = payments.transactions.waitUntilFinal("txn_1", { signal: caller.signal });
    const failure = waiting.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1);
    caller.abort();
    expect(await failure).toBeInstanceOf(OutcomePendingError);
    expect(urls).toHaveLength(1);
  });

  it("A pending refund is polled until it has an outcome", async () => {
    const refund = (status: string) => ({ status: 200, body: { id: "re_1", status } });
    const { payments, urls } = clientOf(refund("pending"), refund("succeeded"));
    const waiting = payments.refunds.waitUntilFinal("re_1");
    await vi.runAllTimersAsync();
    expect((await waiting).status).toBe("succeeded");
    expect(urls).toHaveLength(2);
  });
});
