/** Timers that a test moves by hand. */
import { afterEach, beforeEach, vi } from "vitest";
import { NOW_MS } from "./examples";

/** Everything that only waits for promises has happened after this. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
export function fakeClock(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW_MS, toFake: ["setTimeout", "clearTimeout", "Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}
