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

/** The times in ms from when each unit was due, and how many cores the processes used; NaN where that is not known. */
export type Paced = { p50: number; p99: number; cores: number };

const MS_PER_SECOND = 1_000;
const TURN_MS = 5;

export async function runPaced(
  { connections, next, observer, pids }: Load,
  perS: number,
  forMs: number,
): Promise<Paced> {
  const times: number[] = [];
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
        times.push(elapsed() - dueAt);
        idle.push(connection);
      });
    }
    await pause();
  }
  while (idle.length < connections.length) await pause();
  const cores = ((cpuMs(pids) ?? Number.NaN) - cpuBefore) / elapsed();
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), cores };
}

export function quantile(times: number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, TURN_MS));
}
