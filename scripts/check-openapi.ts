// Lints openapi.json with redocly, where an error or a warning fails, and with vacuum, where an error fails. Vacuum runs
// where `npm run build:vacuum` has built it or one is on the PATH.
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BIN, ROOT } from "./install.mjs";
import { VACUUM } from "./local/vacuum.ts";
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

const vacuum = run(existsSync(VACUUM) ? VACUUM : "vacuum", [
  "lint",
  "--fail-severity",
  "error",
  "openapi.json",
]);
if (errorCode(vacuum.error) === "ENOENT") {
  console.log(
    "SKIPPED: vacuum. `npm run build:vacuum` builds it with Go. Redocly has found nothing.",
  );
} else if (vacuum.status !== 0) fail("vacuum", vacuum);
