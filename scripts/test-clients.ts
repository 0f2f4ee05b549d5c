// `npm run test:clients`: has code generators write clients from openapi.json, compiles them, and has each make payments,
// refunds, a webhook endpoint and a fraud rule against an API that is started for it, with a state of its own. Prints
// what has passed for each. A generator whose tools this machine lacks is skipped, and it says so. `--only python,go`
// chooses by language or by name. It needs package registries, so it is not part of `npm test`.
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./install.mjs";
import { readDemo } from "./local/local-deployment.ts";
import { type Child, runChild, startChild } from "./processes/child-process.ts";
import { errorMessage } from "./processes/errors.ts";
import { freePort } from "./processes/free-port.ts";
import { removeAtExit } from "./processes/remove-at-exit.ts";
import { until } from "./processes/wait.ts";
import type { At, Generator, RunOptions } from "./test-clients/generator.ts";
import { chooseGenerators } from "./test-clients/generators.ts";
import { formatResults, type Phase, type Result } from "./test-clients/report.ts";
import { findMissing, TOOL_ENV, WORK } from "./test-clients/toolchain.ts";

const START_LIMIT_MS = 240_000;
const STEP_LIMIT_MS = 600_000;

type Api = { base: string; key: string };

/** Runs a command to its end in `cwd`; throws with what it printed when it fails. */
async function run(
  cwd: string,
  command: string,
  args: string[],
  options: RunOptions = {},
): Promise<string> {
  const env = { ...TOOL_ENV, ...options.env };
  const { code, said } = await runChild(command, args, {
    cwd,
    ...options,
    env,
    limit_ms: STEP_LIMIT_MS,
  });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}.\n${said}`);
  return said;
}

/** An API with a merchant to try it with. */
async function startApi(): Promise<Api & { server: Child }> {
  const state = removeAtExit(mkdtempSync(join(tmpdir(), "test-clients-")));
  const port = await freePort();
  const server = startChild(process.execPath, [join(ROOT, "scripts", "start.ts")], {
    cwd: ROOT,
    env: { PORT: String(port), STATE_DIR: state },
  });
  const read = () => readDemo(state);
  const { key } = await until(read, "the API is ready", START_LIMIT_MS, server);
  return { server, base: `http://127.0.0.1:${port}`, key };
}

/** An empty folder for a generator, with the document in it. A tool that gets a path through a symbolic link may treat
 *  its two names as two files. */
function prepareFolder({ name }: Generator): string {
  const folder = join(WORK, name.replace(/[^a-z-]+/g, "-").replace(/^-/, ""));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(ROOT, "openapi.json"), join(folder, "openapi.json"));
  return realpathSync(folder);
}

/** Generates, compiles and runs; gives how far it came. */
async function tryGenerator(generator: Generator, { base, key }: Api): Promise<Result> {
  const missing = await findMissing(generator.tools);
  const phases: Phase[] = [];
  const start = performance.now();
  const result = () => ({ generator, phases, seconds: (performance.now() - start) / 1000 });
  if (missing.length > 0) return { ...result(), skipped: `no ${missing.join(", no ")}` };
  try {
    const folder = prepareFolder(generator);
    const at: At = {
      folder,
      document: "openapi.json",
      base,
      run: (command, args, options) => run(folder, command, args, options),
    };
    phases.push("generates");
    await generator.generate(at);
    phases.push("compiles");
    const [command, args] = await generator.compile(at);
    phases.push("runs");
    const PREFIX = `generated-${randomBytes(4).toString("hex")}`;
    await at.run(command, args, { env: { BASE: base, KEY: key, PREFIX } });
    return result();
  } catch (error) {
    return { ...result(), error: errorMessage(error) };
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
  const chosen = chooseGenerators(values.only);
  const { server, ...api } = await startApi();
  const results: Result[] = [];
  for (const generator of chosen) {
    const result = await tryGenerator(generator, api);
    if (result.error) console.error(`${generator.name}\n${result.error.replace(/^/gm, "  ")}`);
    results.push(result);
  }
  await server.stop();
  console.log(formatResults(results));
  const failed = results.filter(({ error }) => error !== undefined);
  if (failed.length > 0) throw new Error(`${failed.length} of ${chosen.length} failed.`);
}

try {
  await main();
} catch (error) {
  console.error(errorMessage(error));
  process.exitCode = 1;
}
