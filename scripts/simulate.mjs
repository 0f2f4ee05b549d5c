// `npm run simulate`: traffic that looks like life against a server of its own, and a comparison of what was
// sent with what became of it.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeAtExit } from "./processes/remove-at-exit.ts";
import { HELP, readOptions, UsageError } from "./simulate/options.mjs";

const DIFFERENT = 1;
const FAILED = 2;

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const state = mkdtempSync(join(tmpdir(), "simulate-"));
  if (options.keep) console.log(`State and output of the server: ${state}`);
  else removeAtExit(state);
  // The scripts read their folder once, when they are loaded; npm start's own is left alone.
  process.env.STATE_DIR = state;
  const { simulate } = await import("./simulate/run.mjs");
  return (await simulate(options)) === 0 ? 0 : DIFFERENT;
}

// Only under npm: its shell dies of a SIGTERM without telling anyone.
if (process.env.npm_lifecycle_event) await import("./processes/lifeline.ts");
// What was started ends with this process, when it ends by itself.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => process.exit(FAILED));

try {
  process.exit(await main());
} catch (error) {
  const text =
    error instanceof UsageError ? error.message : `The simulation failed: ${error.stack}`;
  console.error(text);
  process.exit(FAILED);
}
