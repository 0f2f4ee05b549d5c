/** Waiting that a signal ends. */
import { expect, it } from "vitest";
import { pause, withSignal } from "../../../../clients/typescript/src/signals";

const never = new Promise<never>(() => {});

it("A signal that was aborted before ends a wait for something that never ends", async () => {
  await expect(withSignal(never, AbortSignal.abort("before"))).rejects.toBe("before");
  expect(await pause(1_000_000, AbortSignal.abort())).toBe(false);
});

it("A signal that is aborted meanwhile ends a wait for something that never ends", async () => {
  const caller = new AbortController();
  const waiting = expect(withSignal(never, caller.signal)).rejects.toBe("meanwhile");
  const pausing = pause(1_000_000, caller.signal);
  caller.abort("meanwhile");
  await waiting;
  expect(await pausing).toBe(false);
});
