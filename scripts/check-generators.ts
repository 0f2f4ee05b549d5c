// `npm run check:generators`: has code generators write clients from openapi.json, compiles them, and has each make
// payments, webhook endpoints and fraud rules against an API that is started for it, with a state of its own.
// A generator whose tools are not on the PATH is skipped, and it says so; `--only WORD` runs those with that word in
// their names. It needs package registries, so it is neither part of `npm test` nor of CI.
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { GENERATORS, type Generator } from "./generators/generators.ts";
import type { At, RunOptions } from "./generators/programs.ts";
import { ROOT } from "./install.mjs";
import { readDemo } from "./local/local-deployment.ts";
import { type Child, runChild, startChild } from "./processes/child-process.ts";
import { errorMessage } from "./processes/errors.ts";
import { freePort } from "./processes/free-port.ts";
import { removeAtExit } from "./processes/remove-at-exit.ts";
import { until } from "./processes/wait.ts";

const START_LIMIT_MS = 240_000;
const STEP_LIMIT_MS = 600_000;

/** Runs a command to its end in `cwd`; throws with what it said when it fails. */
async function run(
  cwd: string,
  command: string,
  args: string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, said } = await runChild(command, args, {
    cwd,
    limit_ms: STEP_LIMIT_MS,
    ...options,
  });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}.\n${said}`);
  return said;
}

async function findMissing(tools: string[]): Promise<string[]> {
  const found = await Promise.all(
    tools.map((tool) => runChild("which", [tool], { limit_ms: STEP_LIMIT_MS })),
  );
  return tools.filter((_, at) => found[at]?.code !== 0);
}

/** An API with a merchant to try it with. */
async function startApi(folder: string): Promise<{ server: Child; base: string; key: string }> {
  const port = await freePort();
  const state = join(folder, "state");
  const env = { PORT: String(port), STATE_DIR: state };
  const server = startChild(process.execPath, [join(ROOT, "scripts", "start.ts")], {
    cwd: ROOT,
    env,
  });
  const read = () => readDemo(state);
  const { key } = await until(read, "the API is ready", START_LIMIT_MS, server);
  return { server, base: `http://127.0.0.1:${port}`, key };
}

async function tryGenerator(
  { name, make }: Generator,
  at: Omit<At, "folder" | "run"> & { key: string },
  folder: string,
): Promise<void> {
  mkdirSync(folder);
  const inFolder: At["run"] = (command, args, options) => run(folder, command, args, options);
  const [command, args] = await make({ ...at, folder, run: inFolder });
  const PREFIX = `generated-${randomBytes(4).toString("hex")}`;
  // httpx (0.28) refuses the brackets of an IPv6 address in the list that children inherit.
  const env = { BASE: at.base, KEY: at.key, PREFIX, NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" };
  await inFolder(command, args, { env });
  console.log(`OK       ${name}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
  const chosen = GENERATORS.filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0) throw new Error(`No generator has ${values.only} in its name.`);
  // A tool that gets a path through a symbolic link may treat its two names as two files.
  const folder = removeAtExit(realpathSync(mkdtempSync(join(tmpdir(), "generators-"))));
  const shared = join(folder, "shared");
  mkdirSync(shared);
  const { server, base, key } = await startApi(folder);
  const at = { base, key, shared, document: join(ROOT, "openapi.json") };
  let failed = 0;
  for (const [number, generator] of chosen.entries()) {
    const missing = await findMissing(generator.tools);
    if (missing.length > 0) {
      console.log(`SKIPPED  ${generator.name}: not on the PATH: ${missing.join(", ")}`);
      continue;
    }
    try {
      await tryGenerator(generator, at, join(folder, String(number)));
    } catch (error) {
      failed += 1;
      console.error(`FAILED   ${generator.name}\n${errorMessage(error).replace(/^/gm, "  ")}`);
    }
  }
  await server.stop();
  if (failed > 0) throw new Error(`${failed} of ${chosen.length} generators failed.`);
}

try {
  await main();
} catch (error) {
  console.error(errorMessage(error));
  process.exitCode = 1;
}
