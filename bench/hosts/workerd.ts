// The process that holds two bare workerd: the Worker's, and D1's, which is a process of its own as it is on Cloudflare.
import { spawn } from "node:child_process";
import type { HostReady } from "../messages.ts";
import { D1_SERVICE } from "./workerd-config.ts";

const [dir = "", workerd = ""] = process.argv.slice(2);

// The parent has ended, for whatever reason; no workerd may outlive it.
process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));

const CONTROL_FD = 3;

const d1 = await serve("d1.capnp");
const worker = await serve("worker.capnp", [`--external-addr=${D1_SERVICE}=127.0.0.1:${d1.port}`]);
const ready: HostReady = {
  kind: "ready",
  origin: `http://127.0.0.1:${worker.port}`,
  pids: [worker.pid, d1.pid],
};
process.send?.(ready);

/** Resolves when its socket listens. */
function serve(config: string, args: string[] = []): Promise<{ port: number; pid: number }> {
  const own = ["serve", "--experimental", `--control-fd=${CONTROL_FD}`, ...args, config];
  const child = spawn(workerd, own, { cwd: dir, stdio: ["ignore", "inherit", "inherit", "pipe"] });
  child.on("error", (error) => {
    console.error(error.message);
    process.exit(1);
  });
  child.on("exit", () => {
    console.error("If this workerd does not bring its own D1, --mode miniflare can be used.");
    process.exit(1);
  });
  return new Promise((resolve) => {
    child.stdio[CONTROL_FD]?.on("data", (chunk: Buffer) => {
      for (const line of chunk.toString().split("\n").filter(Boolean)) {
        const { event, port } = JSON.parse(line) as { event: string; port: number };
        if (event === "listen") resolve({ port, pid: child.pid ?? 0 });
      }
    });
  });
}
