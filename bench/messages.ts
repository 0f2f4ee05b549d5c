// What the bench and its load generator, a process of its own, send each other.
import type { CaseName } from "./cases.ts";

export type RunRequest = {
  name: CaseName;
  connections: number;
  warmup_ms: number;
  measure_ms: number;
};

export type Latencies = {
  count: number;
  mean_ms: number;
  p50_ms: number;
  p95_ms: number;
  p99_ms: number;
  max_ms: number;
};

/** Units of work of one run, and the requests of a unit that has several. */
export type RunResult = Latencies & {
  seconds: number;
  requests: number;
  /** Creates sent to this server so far, in all runs. */
  made: number;
  errors: number;
  error_samples: string[];
  parts: (Latencies & { label: string })[];
};

export type ServerMessage = { kind: "server"; origin: string; key: string; run: string };

export type ToLoad = ServerMessage | ({ kind: "run" } & RunRequest);

export type FromLoad =
  | { kind: "measuring" | "measured" }
  | { kind: "fatal"; message: string }
  | { kind: "result"; result: RunResult };

/** What a host process sends once. `others` are the addresses of further isolates on the same objects; `pids` the
 *  processes that serve, without their children. */
export type HostReady = { kind: "ready"; origin: string; others?: string[]; pids: number[] };
