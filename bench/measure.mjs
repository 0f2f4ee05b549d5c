// One run: asks the load generator for a case, reads the server's CPU time at both ends of the
// measured window, and turns the two into a row of the table.
import { cpuMs } from "./server.mjs";

/** What is left of one run's work (a drain, a checkpoint) should not be billed to the next. */
const SETTLE_MS = 300;
/** On top of warm-up and window: making ids, and the requests still open when the window ends. */
const GRACE_MS = 60_000;

/** `rows` are the rows so far, of which the hello at this connection count is the yardstick. */
export async function measure({ name, connections, options, server, load, rows }) {
  const { warmup_ms, measure_ms } = options;
  const { result, cpu_ms } = await converse(
    { name, connections, warmup_ms, measure_ms },
    server,
    load,
  );
  const { seconds, count, ...rest } = result;
  const tps = count / seconds;
  const isHello = (row) => row.case === "hello" && row.connections === connections;
  const hello = name === "hello" ? { tps } : rows.find(isHello);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return {
    case: name,
    connections,
    tps,
    units: count,
    seconds,
    ...rest,
    cpu_ms: cpu_ms === null || count === 0 ? null : cpu_ms / count,
    of_hello: hello === undefined ? null : tps / hello.tps,
  };
}

function converse(run, server, load) {
  return new Promise((resolve, reject) => {
    let before = null;
    let after = null;
    const limit = setTimeout(
      () => finish(() => reject(new Error(`${run.name} took too long`))),
      run.warmup_ms + run.measure_ms + GRACE_MS,
    );
    const onMessage = (message) => {
      if (message.kind === "measuring") before = cpuMs(server.pid);
      if (message.kind === "measured") after = cpuMs(server.pid);
      if (message.kind === "fatal") finish(() => reject(new Error(message.message)));
      if (message.kind === "result") {
        const cpu_ms = before === null || after === null ? null : after - before;
        finish(() => resolve({ result: message.result, cpu_ms }));
      }
    };
    const onServerExit = () => finish(() => reject(new Error("the server ended during a run")));
    const onLoadExit = () => finish(() => reject(new Error("the load generator ended early")));
    const finish = (settle) => {
      clearTimeout(limit);
      load.off("message", onMessage);
      load.off("exit", onLoadExit);
      server.child.off("exit", onServerExit);
      settle();
    };
    load.on("message", onMessage);
    load.once("exit", onLoadExit);
    server.child.once("exit", onServerExit);
    load.send({ kind: "run", ...run });
  });
}
