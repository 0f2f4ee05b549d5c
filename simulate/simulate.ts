// `npm run simulate`: traffic that looks like life against a server of its own, and a comparison of what was
// sent with what became of it.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeAtExit } from "../scripts/processes/remove-at-exit.ts";
import { HELP, readOptions, UsageError } from "./options.ts";
import { simulate } from "./run.ts";

const DIFFERENT = 1;
const FAILED = 2;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const state = mkdtempSync(join(tmpdir(), "simulate-"));
  if (options.keep) console.log(`State and output of the server: ${state}`);
  else removeAtExit(state);
  return (await simulate(options, state)) === 0 ? 0 : DIFFERENT;
}

// Only under npm: its shell ends on SIGTERM without forwarding the signal.
if (process.env.npm_lifecycle_event) await import("../scripts/processes/lifeline.ts");
// Child processes end when this process exits; a signal must therefore cause a regular exit.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => process.exit(FAILED));

try {
  process.exit(await main());
} catch (error) {
  if (error instanceof UsageError) console.error(error.message);
  else console.error("The simulation failed:", error);
  process.exit(FAILED);
}
