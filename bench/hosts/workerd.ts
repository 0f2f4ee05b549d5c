// The process that holds two bare workerd: the Worker's, and D1's, which is a process of its own as it is on Cloudflare. When
// there is R2, it is in a third process.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { HostReady } from "../messages.ts";
import { D1_SERVICE, R2_SERVICE } from "./workerd-config.ts";

const [dir = "", workerd = "", , r2] = process.argv.slice(2);
const LOOPBACK = "127.0.0.1";

// The parent has ended, for whatever reason; no workerd may outlive it.
process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));

const CONTROL_FD = 3;

const d1 = await serve("d1.capnp");
const external = [`--external-addr=${D1_SERVICE}=${LOOPBACK}:${d1.port}`];
if (r2) external.push(`--external-addr=${R2_SERVICE}=${await serveR2()}`);
const worker = await serve("worker.capnp", external);
const ready: HostReady = {
  kind: "ready",
  origin: `http://127.0.0.1:${worker.port}`,
  pids: [worker.pid, d1.pid],
};
process.send?.(ready);

/** @returns the host and port of Miniflare's R2 */
async function serveR2(): Promise<string> {
  const name = "r2";
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      resourcePersistencePath: join(dir, "state"),
      cf: false,
      workers: [
        {
          name,
          modules: true,
          script: readFileSync(join(import.meta.dirname, "r2-worker.js"), "utf8"),
          r2Buckets: { BUCKET: "archive" },
          unsafeDirectSockets: [{ host: LOOPBACK, port: 0 }],
        },
      ],
    }),
  );
  await miniflare.ready;
  return (await miniflare.unsafeGetDirectURL(name)).host;
}

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
