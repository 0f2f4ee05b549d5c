// `npm run test:processor -- URL`: checks a payment processor against docs/processor.md.
import "./processes/no-local-proxy.ts";
import { HELP, readOptions, UsageError } from "./conformance/options.ts";
import { checkProcessor, tableOf } from "./conformance/suite.ts";
import { errorMessage } from "./processes/errors.ts";

const EXIT = { failed: 1, unusable: 2 };

try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) console.log(HELP);
  else {
    const results = await checkProcessor(options);
    console.log(tableOf(results));
    if (results.some(({ end }) => end === "FAILS")) process.exitCode = EXIT.failed;
  }
} catch (error) {
  console.error(errorMessage(error));
  if (error instanceof UsageError) console.error(`\n${HELP}`);
  process.exitCode = EXIT.unusable;
}
