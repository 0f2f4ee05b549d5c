// The process that holds a Miniflare, and so one workerd, with one isolate of the Worker or several. The objects and
// the queues' consumers live in the first; each other one is a Worker of its own that calls the same objects. The process is a process of its own because
// Miniflare answers for the life of its workerd: when this one's process group is ended, both go.
// It reports the address to ask and must not know what will be asked.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import type { HostReady } from "../messages.ts";

const LOOPBACK = "127.0.0.1";
const [dir = "", , isolates = "1"] = process.argv.slice(2);

// The parent has ended, for whatever reason; workerd must not outlive it.
process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));

const { workerOptions } = unstable_getMiniflareWorkerOptions(join(dir, "wrangler.json"));
const { modulesRules, assets, ...options } = workerOptions;
const contents = (name: string) => readFile(join(dir, name), "utf8");

const worker = {
  modulesRoot: "/",
  modules: [
    { type: "ESModule" as const, path: "/entry.js", contents: await contents("entry.js") },
    { type: "ESModule" as const, path: "/worker.js", contents: await contents("worker.js") },
  ],
  // A socket straight to the Worker. The default one leads through Miniflare's own entry
  // Worker, which costs three times as much as the Worker's hello.
  unsafeDirectSockets: [{ host: LOOPBACK, port: 0 }],
};
const names = Array.from({ length: Number(isolates) }, (_, at) => `bench-${at + 1}`);
const [owner = "", ...others] = names;
const objects = Object.entries(options.durableObjects ?? {}).map(([name, object]) => [
  name,
  { ...(typeof object === "string" ? { className: object } : object), scriptName: owner },
]);

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host: LOOPBACK,
    port: 0,
    // Otherwise Miniflare downloads a sample of request.cf.
    cf: false,
    log: new Log(LogLevel.WARN),
    // Lines go to the log as they are; Miniflare's own handler would spend a core on their looks.
    handleStructuredLogs: ({ message }) => process.stdout.write(`${message}\n`),
    resourcePersistencePath: join(dir, "state"),
    workers: [
      { ...options, ...worker, name: owner },
      ...others.map((name) => ({
        ...options,
        ...worker,
        name,
        durableObjects: Object.fromEntries(objects),
        queueConsumers: {},
      })),
    ],
  }),
);
await miniflare.ready;
const urls = await Promise.all(names.map((name) => miniflare.unsafeGetDirectURL(name)));
const [origin = "", ...more] = urls.map((url) => url.origin);
const ready: HostReady = { kind: "ready", origin, others: more, pids: await findWorkerd() };
process.send?.(ready);

/** Miniflare does not expose its child's pid; on Linux /proc has it. Elsewhere there is none. */
async function findWorkerd(): Promise<number[]> {
  try {
    for (const entry of await readdir("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      const stat = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => "");
      const [, command, parent] = /^\d+ \((.*)\) \S (\d+)/.exec(stat) ?? [];
      if (command === "workerd" && Number(parent) === process.pid) return [Number(entry)];
    }
  } catch {
    // No /proc here.
  }
  return [];
}
