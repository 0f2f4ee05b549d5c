// Starts one server on a fresh state and makes it ready to be asked: tables, a merchant, an API
// key. It must not know which cases follow.
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../scripts/install.mjs";
import { type Child, startChild } from "../scripts/processes/child-process.ts";
import { errorMessage } from "../scripts/processes/errors.ts";
import { nextMessage } from "../scripts/processes/wait.ts";
import type { Migrations } from "./bundle.ts";
import type { HostReady } from "./messages.ts";

export type Mode = "miniflare" | "workerd";

/** `others` are the addresses of further isolates; `pids` the processes that serve, without their children, and none where
 *  they are not known. */
export type Server = {
  origin: string;
  others: string[];
  pids: number[];
  child: Child;
  end(): Promise<void>;
};

/** More than one isolate is possible with Miniflare only. */
type Start = { mode: Mode; workerd: string; dir: string; log: string; isolates?: number };
/** `host` is a script below bench/ that sends one `HostReady`. */
type HostStart = { host: string; args: string[]; log: string; ends: "kill" | "stop" };
type Secrets = { adminToken: string; benchToken: string; migrations: Migrations };

/** Ends what hangs: a machine that is busy with something else takes its time. */
const START_LIMIT_MS = 120_000;
const LOG_TAIL_CHARACTERS = 2_000;
/** Linux counts process time in hundredths of a second, whatever the kernel's own clock. */
const MS_PER_TICK = 10;
/** Fields of /proc/PID/stat after the command's name (proc_pid_stat(5)). */
const PARENT = 1;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** Newer than the one that the pinned Miniflare brings: it has D1 and queues of its own. An optional dependency, which
 *  is there on Linux x64 only. */
const STANDALONE = join(ROOT, "node_modules/workerd-standalone/bin/workerd");
/** The binary of each mode. */
export const BINARIES: Record<Mode, string> = {
  miniflare: join(ROOT, "node_modules/.bin/workerd"),
  workerd: STANDALONE,
};
export const DEFAULT_MODE: Mode = existsSync(STANDALONE) ? "workerd" : "miniflare";

/** Starts the layout in `dir`. */
export function startServer({ mode, workerd, dir, log, isolates = 1 }: Start): Promise<Server> {
  const args = [dir, workerd, String(isolates)];
  return startHost({ host: `hosts/${mode}.ts`, args, log, ends: "kill" });
}

/** Starts a host, whose output goes to the file `log`. With `stop` it ends what it holds itself. */
export async function startHost({ host, args, log, ends }: HostStart): Promise<Server> {
  const output = openSync(log, "w");
  const child = startChild(process.execPath, [join(ROOT, "bench", host), ...args], {
    output,
    hasMessages: true,
    stops: "leader",
  });
  closeSync(output);
  try {
    const what = "the server listened";
    const ready = await nextMessage<HostReady>(child, what, START_LIMIT_MS);
    const { origin, others = [], pids } = ready;
    return { origin, others, pids, child, end: child[ends] };
  } catch (error) {
    await child[ends]();
    const tail = readFileSync(log, "utf8").slice(-LOG_TAIL_CHARACTERS);
    throw new Error(`${errorMessage(error)} Its log ends with:\n${tail}`);
  }
}

/** Migrates, then goes a customer's way to an API key: a merchant and a key by the admin API. */
export async function prepare(
  origin: string,
  { adminToken, benchToken, migrations }: Secrets,
): Promise<string> {
  await post(`${origin}/__bench/migrate`, benchToken, migrations, 200);
  return newKey(origin, adminToken);
}

/** An API key of a new merchant. */
export async function newKey(origin: string, adminToken: string): Promise<string> {
  const merchants = `${origin}/api/v1/merchants`;
  const merchant = JSON.parse(await post(merchants, adminToken, { name: "bench" }, 201));
  const keys = `${merchants}/${merchant.id}/api-keys`;
  return JSON.parse(await post(keys, adminToken, { name: "bench" }, 201)).key;
}

async function post(url: string, token: string, body: object, expected: number): Promise<string> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(START_LIMIT_MS),
  });
  const text = await answer.text();
  if (answer.status !== expected) throw new Error(`POST ${url}: ${answer.status} ${text}`);
  return text;
}

/** User and system time so far of processes and their children, in ms; null where /proc does not tell. */
export function cpuMs(pids: number[]): number | null {
  if (pids.length === 0 || !existsSync("/proc/self/stat")) return null;
  let ticks = 0;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = readStat(entry);
    if (!pids.includes(Number(entry)) && !pids.includes(Number(fields[PARENT]))) continue;
    ticks += Number(fields[USER_TICKS] ?? 0) + Number(fields[SYSTEM_TICKS] ?? 0);
  }
  return ticks * MS_PER_TICK;
}

/** The fields of /proc/PID/stat after the command's name; none when the process has ended. */
function readStat(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
