// `npm run test:clients`: has code generators write clients from openapi.json, compiles them, and has each make payments,
// refunds, a webhook endpoint and a fraud rule against an API that is started for it, with a state of its own. Runs the
// commands and programs of docs/clients.md. Prints what has passed for each client. One whose tools this machine lacks is
// skipped, and it says so. `--only python,go` chooses by language or by name. It needs package registries, so it is not
// part of `npm test`.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./install.mjs";
import { readDemo } from "./local/local-deployment.ts";
import { type Child, startChild } from "./processes/child-process.ts";
import { errorMessage } from "./processes/errors.ts";
import { freePort } from "./processes/free-port.ts";
import { removeAtExit } from "./processes/remove-at-exit.ts";
import { until } from "./processes/wait.ts";
import { chooseClients } from "./test-clients/clients.ts";
import { formatResults, type Result } from "./test-clients/report.ts";
import { type Api, tryClient } from "./test-clients/try-client.ts";

const START_LIMIT_MS = 240_000;

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

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
  const chosen = chooseClients(values.only);
  const { server, ...api } = await startApi();
  const results: Result[] = [];
  for (const client of chosen) {
    console.log(`${client.name} …`);
    const result = await tryClient(client, api);
    if (result.error) console.error(`${client.name}\n${result.error.replace(/^/gm, "  ")}`);
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
