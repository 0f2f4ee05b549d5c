// Makes units of work at a given rate, whatever their responses take (an open loop).
import type { CaseRequest } from "../cases.ts";
import type { Connection, Observer } from "../connection.ts";
import { cpuMs } from "../server.ts";

type Load = {
  connections: Connection[];
  /** The first request of the next unit. */
  next: () => CaseRequest;
  observer: Observer;
  /** The processes whose CPU is counted. */
  pids: number[];
};

/** Quantiles of the times in ms from when each unit was due: medians of those of each two seconds, so that one pause of the
 *  machine does not decide. `cores` is how many the processes used, NaN where that is not known. */
export type Paced = { p50: number; p99: number; cores: number };

const MS_PER_SECOND = 1_000;
const TURN_MS = 5;
const WINDOW_MS = 2_000;

export async function runPaced(
  { connections, next, observer, pids }: Load,
  perS: number,
  forMs: number,
): Promise<Paced> {
  const windows: number[][] = [];
  const idle = [...connections];
  const cpuBefore = cpuMs(pids) ?? Number.NaN;
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  let sent = 0;
  while (elapsed() < forMs) {
    const due = (elapsed() * perS) / MS_PER_SECOND;
    while (sent < due && idle.length > 0) {
      const connection = idle.pop() as Connection; // There is one.
      const dueAt = (sent * MS_PER_SECOND) / perS;
      sent += 1;
      let left = 1;
      const once = () => (left-- > 0 ? next() : undefined);
      void connection.run(once, observer).then(() => {
        const window = Math.floor(dueAt / WINDOW_MS);
        windows[window] ??= [];
        windows[window].push(elapsed() - dueAt);
        idle.push(connection);
      });
    }
    await pause();
  }
  while (idle.length < connections.length) await pause();
  const cores = ((cpuMs(pids) ?? Number.NaN) - cpuBefore) / elapsed();
  const ofWindows = (share: number) =>
    quantile(
      windows.map((times) => quantile(times, share)),
      0.5,
    );
  return { p50: ofWindows(0.5), p99: ofWindows(0.99), cores };
}

export function quantile(times: number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, TURN_MS));
}
