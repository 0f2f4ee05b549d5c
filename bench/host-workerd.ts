// The process that holds a bare workerd, which reads the wrangler config directly and brings its
// own D1 and queues. Only releases whose `serve` takes a wrangler.json can do this.
import { spawn } from "node:child_process";
import type { HostReady } from "./messages.ts";

const [dir = "", workerd = ""] = process.argv.slice(2);

// The parent has ended, for whatever reason; workerd must not outlive it.
process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));

const CONTROL_FD = 3;
const address = "http=127.0.0.1:0";
const child = spawn(
  workerd,
  ["serve", "--experimental", `--control-fd=${CONTROL_FD}`, "-s", address, "wrangler.json"],
  { cwd: dir, stdio: ["ignore", "inherit", "inherit", "pipe"] },
);
child.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
child.on("exit", () => {
  console.error("If this workerd cannot read a wrangler config, --mode miniflare can.");
  process.exit(1);
});
child.stdio[CONTROL_FD]?.on("data", (chunk: Buffer) => {
  for (const line of chunk.toString().split("\n").filter(Boolean)) {
    const { event, port } = JSON.parse(line) as { event: string; port: number };
    if (event !== "listen") continue;
    const origin = `http://127.0.0.1:${port}`;
    const pids = child.pid === undefined ? [] : [child.pid];
    const ready: HostReady = { kind: "ready", origin, pids };
    process.send?.(ready);
  }
});
