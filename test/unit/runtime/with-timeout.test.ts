/** Time limits on waiting. */
import { describe, expect, it, vi } from "vitest";
import { TimeoutError, withTimeout } from "../../../src/runtime/with-timeout";
import { fakeClock } from "../../support/fake-clock";

describe("a time limit", () => {
  fakeClock();

  it("A time limit gives the work's result, or its fault, and leaves no timer behind", async () => {
    expect(await withTimeout(100, Promise.resolve("done"))).toBe("done");
    await expect(withTimeout(100, Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("A time limit ends the wait exactly when it is reached", async () => {
    let fault: unknown;
    const wait = withTimeout(100, new Promise(() => {})).catch((thrown: unknown) => {
      fault = thrown;
    });
    await vi.advanceTimersByTimeAsync(99);
    expect(fault).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await wait;
    expect(fault).toBeInstanceOf(TimeoutError);
  });
});
