// Starts one server on a fresh state and makes it ready to be asked: tables, a merchant, an API
// key. It must not know which cases follow.
import { closeSync, openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { endChild, startNode } from "./children.mjs";

/** Ends what hangs: a machine that is busy with something else takes its time. */
const START_LIMIT_MS = 120_000;
const LOG_TAIL_CHARACTERS = 2_000;
/** Linux counts process time in hundredths of a second, whatever the kernel's own clock. */
const MS_PER_TICK = 10;

/** Starts the layout in `dir`; `pid` is the runtime's own process, null where it is not known. */
export async function startServer({ mode, workerd, dir, log }) {
  const output = openSync(log, "w");
  const host = fileURLToPath(new URL(`host-${mode}.mjs`, import.meta.url));
  const child = startNode(host, [dir, workerd], { stdio: ["ignore", output, output, "ipc"] });
  closeSync(output);
  try {
    const { origin, pid } = await firstMessage(child);
    return { origin, pid, child, end: () => endChild(child) };
  } catch (error) {
    await endChild(child);
    const tail = readFileSync(log, "utf8").slice(-LOG_TAIL_CHARACTERS);
    throw new Error(`${error.message}; its log ends with:\n${tail}`);
  }
}

function firstMessage(child) {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(
      () => reject(new Error("the server did not start in time")),
      START_LIMIT_MS,
    );
    child.once("message", (message) => {
      clearTimeout(limit);
      resolve(message);
    });
    child.once("exit", () => reject(new Error("the server ended while it was starting")));
  });
}

/** Migrates, then goes a customer's way to an API key: a merchant and a key by the admin API. */
export async function prepare(origin, { adminToken, benchToken, migrations }) {
  await post(`${origin}/__bench/migrate`, benchToken, migrations, 200);
  return newKey(origin, adminToken);
}

/** An API key of a new merchant. */
export async function newKey(origin, adminToken) {
  const merchants = `${origin}/api/v1/merchants`;
  const merchant = JSON.parse(await post(merchants, adminToken, { name: "bench" }, 201));
  const keys = `${merchants}/${merchant.id}/api-keys`;
  return JSON.parse(await post(keys, adminToken, { name: "bench" }, 201)).key;
}

async function post(url, token, body, expected) {
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
export function cpuMs(pid) {
  if (pid === null) return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  } catch {
    return null;
  }
}
