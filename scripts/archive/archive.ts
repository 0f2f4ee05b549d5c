// `npm run archive`: verifies, lists, exports and restores the archive of a deployment.
import "../processes/no-local-proxy.ts";
import { join } from "node:path";
import { loadSource } from "../local/load-source.ts";
import { errorMessage } from "../processes/errors.ts";
import { HELP, readOptions } from "./options.ts";

const NOT_FINISHED = 2;

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options) {
    const path = join(import.meta.dirname, "bundled/commands.ts");
    const { run } = await loadSource<typeof import("./bundled/commands.ts")>(path);
    process.exitCode = await run(options);
  } else console.log(HELP);
} catch (error) {
  console.error(errorMessage(error));
  process.exitCode = NOT_FINISHED;
}
