// One run: starts a case in the load generator, reads the server's CPU time at both ends of the
// measured window, and turns the two into a row of the table.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Child, startChild } from "../scripts/processes/child-process.ts";
import { UNITS } from "./cases.ts";
import type { FromLoad, RunRequest, RunResult, ServerMessage } from "./messages.ts";
import type { Options } from "./options.ts";
import { cpuMs, type Server } from "./server.ts";

type Measured = Omit<RunRequest, "warmup_ms" | "measure_ms"> & {
  options: Pick<Options, "warmup_ms" | "measure_ms">;
  server: Server;
  load: Child;
};

/** One run's line of the table. */
export type Row = Omit<RunResult, "count"> & {
  case: string;
  connections: number;
  tps: number;
  units: number;
  cpu_ms: number | null;
};

/** What is left of one run's work (a drain, a checkpoint) should not be billed to the next. */
const SETTLE_MS = 300;
/** On top of warm-up and window: making ids, and the requests still open when the window ends. */
const GRACE_MS = 60_000;

/** Starts a load generator for a server, with idempotency keys of its own. */
export function startLoad({ origin }: Pick<Server, "origin">, key: string): Child {
  const load = startChild(process.execPath, [join(import.meta.dirname, "load.ts")], {
    output: "inherit",
    hasMessages: true,
  });
  const run = randomBytes(4).toString("hex");
  const message: ServerMessage = { kind: "server", origin, key, run };
  load.process.send(message);
  return load;
}

export async function measure({
  name,
  connections,
  options,
  server,
  load,
}: Measured): Promise<Row> {
  const { warmup_ms, measure_ms } = options;
  const { result, cpu_ms } = await converse(
    { name, connections, warmup_ms, measure_ms },
    server,
    load,
  );
  const { seconds, count, ...rest } = result;
  const units = count * (UNITS[name] ?? 1);
  const tps = units / seconds;
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return {
    case: name,
    connections,
    tps,
    units,
    seconds,
    ...rest,
    cpu_ms: cpu_ms === null || count === 0 ? null : cpu_ms / units,
  };
}

function converse(
  run: RunRequest,
  server: Server,
  load: Child,
): Promise<{ result: RunResult; cpu_ms: number | null }> {
  return new Promise((resolve, reject) => {
    let before: number | null = null;
    let after: number | null = null;
    const limit = setTimeout(
      () => finish(() => reject(new Error(`${run.name} took too long`))),
      run.warmup_ms + run.measure_ms + GRACE_MS,
    );
    const onMessage = (message: FromLoad) => {
      if (message.kind === "measuring") before = cpuMs(server.pids);
      if (message.kind === "measured") after = cpuMs(server.pids);
      if (message.kind === "fatal") finish(() => reject(new Error(message.message)));
      if (message.kind === "result") {
        const cpu_ms = before === null || after === null ? null : after - before;
        finish(() => resolve({ result: message.result, cpu_ms }));
      }
    };
    const onServerExit = () => finish(() => reject(new Error("the server ended during a run")));
    const onLoadExit = () => finish(() => reject(new Error("the load generator ended early")));
    const finish = (settle: () => void) => {
      clearTimeout(limit);
      load.process.off("message", onMessage);
      load.process.off("exit", onLoadExit);
      server.child.process.off("exit", onServerExit);
      settle();
    };
    load.process.on("message", onMessage);
    load.process.once("exit", onLoadExit);
    server.child.process.once("exit", onServerExit);
    load.process.send({ kind: "run", ...run });
  });
}
