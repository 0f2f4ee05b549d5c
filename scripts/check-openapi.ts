// Redocly's linter over openapi.json: an error or a warning fails. It is one package without dependencies. Vacuum's
// npm package is an installer that downloads a binary, so that linter runs only where a `vacuum` is on the PATH.
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { join } from "node:path";
import { BIN, ROOT } from "./install.mjs";
import { errorCode } from "./processes/errors.ts";

/** Neither telemetry nor a question for a newer version. */
const env = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };
const run = (command: string, args: string[]) =>
  spawnSync(command, args, { cwd: ROOT, env, encoding: "utf8" });

function fail(linter: string, { stdout, stderr, error }: SpawnSyncReturns<string>): never {
  console.error(`${linter} has found something in openapi.json:\n${error ?? ""}${stdout}${stderr}`);
  process.exit(1);
}

const redocly = run(join(BIN, "redocly"), ["lint", "payments"]);
if (redocly.status !== 0 || /\d+ warning/.test(redocly.stderr + redocly.stdout)) {
  fail("redocly", redocly);
}

const vacuum = run("vacuum", ["lint", "--fail-severity", "error", "openapi.json"]);
if (errorCode(vacuum.error) === "ENOENT") {
  console.log("SKIPPED: vacuum is not on the PATH, so openapi.json was linted by redocly alone.");
} else if (vacuum.status !== 0) fail("vacuum", vacuum);
