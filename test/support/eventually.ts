/** Waits for asynchronous effects. How long they take is not tested: the limit is there so that
 *  a test that hangs ends with the assertion it was waiting for. */
import { vi } from "vitest";

/** Below vitest's own limit (vitest.config.ts), so that the message is the assertion's. */
const HANG_GUARD_MS = 240_000;
const LOOK_EVERY_MS = 50;

/** Looks again until `look` neither throws nor rejects. @returns what it returned then */
export function eventually<Value>(look: () => Value | Promise<Value>): Promise<Value> {
  return vi.waitFor(async () => look(), { timeout: HANG_GUARD_MS, interval: LOOK_EVERY_MS });
}

/** The same for a condition. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  await eventually(async () => {
    if (!(await isTrue())) throw new Error(`never came true: ${isTrue}`);
  });
}
