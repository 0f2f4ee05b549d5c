// Starts one server on a fresh state and makes it ready to be asked: tables, a merchant, an API
// key. It must not know which cases follow.
import { closeSync, openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "../scripts/processes/child-process.ts";
import { errorMessage } from "../scripts/processes/errors.ts";
import { nextMessage } from "../scripts/processes/wait.ts";
import type { Migrations } from "./bundle.ts";
import type { HostReady } from "./messages.ts";

export type Mode = "miniflare" | "workerd";

/** `pid` is the runtime's own process, null where it is not known. */
export type Server = { origin: string; pid: number | null; child: Child; end(): Promise<void> };

type Start = { mode: Mode; workerd: string; dir: string; log: string };
type Secrets = { adminToken: string; benchToken: string; migrations: Migrations };

/** Ends what hangs: a machine that is busy with something else takes its time. */
const START_LIMIT_MS = 120_000;
const LOG_TAIL_CHARACTERS = 2_000;
/** Linux counts process time in hundredths of a second, whatever the kernel's own clock. */
const MS_PER_TICK = 10;

/** Starts the layout in `dir`. */
export async function startServer({ mode, workerd, dir, log }: Start): Promise<Server> {
  const output = openSync(log, "w");
  const host = fileURLToPath(new URL(`host-${mode}.ts`, import.meta.url));
  const child = startChild(process.execPath, [host, dir, workerd], { output, hasMessages: true });
  closeSync(output);
  try {
    const what = "the server listened";
    const { origin, pid } = await nextMessage<HostReady>(child, what, START_LIMIT_MS);
    return { origin, pid, child, end: child.kill };
  } catch (error) {
    await child.kill();
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

/** User and system time of a process so far, in ms; null where /proc does not tell. */
export function cpuMs(pid: number | null): number | null {
  if (pid === null) return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  } catch {
    return null;
  }
}
