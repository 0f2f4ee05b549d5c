// Makes a client and runs it: the scenario of its language against the API, and the program of docs/clients.md against an
// API that fails.
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../install.mjs";
import { runChild } from "../processes/child-process.ts";
import { errorMessage } from "../processes/errors.ts";
import type { At, Client, RunOptions } from "./client.ts";
import { type Documented, readDocumented, withKey } from "./documented.ts";
import { findFaults, startLossyApi } from "./lossy-api.ts";
import type { Phase, Result } from "./report.ts";
import { findMissing, TOOL_ENV, WORK } from "./toolchain.ts";

const STEP_LIMIT_MS = 600_000;
const DOCUMENT = "openapi.json";

export type Api = { base: string; key: string };

/** An empty folder for a client, with the document in it. A tool that gets a path through a symbolic link may treat its
 *  two names as two files. */
function prepareFolder({ name }: Client): string {
  const folder = join(WORK, name.replace(/[^a-z-]+/g, "-").replace(/^-/, ""));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(ROOT, DOCUMENT), join(folder, DOCUMENT));
  return realpathSync(folder);
}

function workIn(folder: string, base: string): At {
  // The commands of the page activate a virtual environment of Python, each step here has a shell of its own.
  const path = { PATH: `${join(folder, "venv", "bin")}:${process.env.PATH}` };
  const run = async (command: string, args: string[], options: RunOptions = {}) => {
    const env = { ...TOOL_ENV, ...path, ...options.env };
    const all = { cwd: folder, ...options, env, limit_ms: STEP_LIMIT_MS };
    const { code, said } = await runChild(command, args, all);
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}.\n${said}`);
    return said;
  };
  return { folder, document: DOCUMENT, base, run };
}

const runShell = ({ run }: At, commands: string, env = {}) =>
  run("sh", ["-euc", commands], { env });

function writeProgram({ folder }: At, { program }: Documented): void {
  if (program) writeFileSync(join(folder, program.file), program.text);
}

async function readIdOfKey({ base, key }: Api, orderKey: string): Promise<string> {
  const url = `${base}/api/v1/idempotency-keys/${orderKey}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  if (!response.ok) throw new Error(`GET ${url} responded ${response.status}.`);
  return ((await response.json()) as { id: string }).id;
}

/** Runs the program of the page against an API that fails three times; throws unless it made one payment. */
async function runDocumented(at: At, documented: Documented, api: Api, order: string) {
  const lossy = await startLossyApi(api.base);
  try {
    const printed = await runShell(at, documented.run, { BASE: lossy.base, KEY: api.key });
    const id = await readIdOfKey(api, order);
    const faults = findFaults(lossy.attempts);
    if (!printed.includes(id)) faults.push(`It did not print ${id} but: ${printed}`);
    if (faults.length > 0) throw new Error(`The program of the page: ${faults.join(" ")}`);
  } finally {
    await lossy.close();
  }
}

/** Makes the client and runs it; gives how far it came. */
export async function tryClient(client: Client, api: Api): Promise<Result> {
  const phases: Phase[] = [];
  const start = performance.now();
  const result = () => ({ client, phases, seconds: (performance.now() - start) / 1000 });
  const missing = await findMissing(client.tools);
  if (missing.length > 0) return { ...result(), skipped: `no ${missing.join(", no ")}` };
  try {
    const at = workIn(prepareFolder(client), api.base);
    const order = `order-${randomBytes(4).toString("hex")}`;
    const documented =
      client.heading === undefined ? null : withKey(readDocumented(client.heading), order);
    if (documented) writeProgram(at, documented);
    phases.push(client.compile ? "generates" : "runs");
    if (documented && !client.generate) await runShell(at, documented.setup);
    await client.generate?.(at);
    if (client.compile) {
      phases.push("compiles");
      const [command, args] = await client.compile(at);
      phases.push("runs");
      await at.run(command, args, { env: { BASE: api.base, KEY: api.key, PREFIX: order } });
    }
    await client.run?.(at);
    if (documented) await runDocumented(at, documented, api, order);
    return result();
  } catch (error) {
    return { ...result(), error: errorMessage(error) };
  }
}
