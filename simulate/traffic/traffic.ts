// The pace of the traffic: so many at a time, so many a second at most, later visits after
// earlier ones. Does not depend on what a visit does.
import { setTimeout as sleep } from "node:timers/promises";
import type { Visit } from "../plan/plan.ts";

type Traffic = {
  queue: Visit[];
  visit(order: number, part: number): Promise<void>;
  concurrency: number;
  rate: number;
  progress(done: number): void;
};

/**
 * Carries out the `queue` of `[order, part]` by `visit(order, part)`, `concurrency` at a time and at
 * most `rate` a second, where 0 is as fast as it goes. `progress(done)` is called after each.
 */
export async function runTraffic({
  queue,
  visit,
  concurrency,
  rate,
  progress,
}: Traffic): Promise<void> {
  const started = Date.now();
  const ends = new Map<number, Promise<void>>();
  let next = 0;
  let done = 0;

  async function lane(): Promise<void> {
    for (;;) {
      const at = next++;
      const place = queue[at];
      if (place === undefined) return;
      const [order, part] = place;
      const wait_ms = rate === 0 ? 0 : started + (at * 1_000) / rate - Date.now();
      if (wait_ms > 0) await sleep(wait_ms);
      // The part before was taken from the queue earlier, so another worker is running it and will end.
      const carriedOut = Promise.resolve(ends.get(order)).then(() => visit(order, part));
      ends.set(order, carriedOut);
      await carriedOut;
      progress(++done);
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane));
}
