// `npm run books`: lists the books of a deployment, and moves a merchant to another one.
import "../processes/no-local-proxy.ts";
import { errorMessage } from "../processes/errors.ts";
import { run } from "./commands.ts";
import { HELP, readOptions } from "./options.ts";

const NOT_FINISHED = 2;

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options) process.exitCode = await run(options);
  else console.log(HELP);
} catch (error) {
  console.error(errorMessage(error));
  process.exitCode = NOT_FINISHED;
}
