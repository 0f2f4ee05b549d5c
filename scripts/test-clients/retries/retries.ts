// Measures which requests HTTP clients repeat, and compares that with the table of docs/clients.md.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../install.mjs";
import type { At, Client, Program } from "../client.ts";
import { describeBehaviour, findExceptions, type Measured } from "./behaviour.ts";
import {
  FAILURES,
  type FailingServer,
  type Failure,
  startFailingServer,
} from "./failing-server.ts";
import { HTTP_CLIENTS, type HttpClient, type HttpClients } from "./http-clients.ts";

const PAGE = "docs/clients.md";

/** The rows of the page's tables by their first cells. */
export function readRows(page = readFileSync(join(ROOT, PAGE), "utf8")): Map<string, string> {
  const rows = [...page.matchAll(/^\| (.+?) \| .*\|$/gm)];
  return new Map(rows.map(([row, name = ""]) => [name, row]));
}

async function measure(
  { run }: At,
  [command, args]: Program,
  { id }: HttpClient,
  server: FailingServer,
): Promise<Measured> {
  const failures = Object.keys(FAILURES) as Failure[];
  const printed = await run(command, [...args, id, server.base, ...failures]);
  const entries = failures.map((failure) => {
    const seen = new RegExp(`^${failure} (.*)$`, "m").exec(printed)?.[1];
    if (seen === undefined) throw new Error(`${id} printed nothing for ${failure}.\n${printed}`);
    return [failure, { attempts: server.attempts(id, failure), seen }];
  });
  return Object.fromEntries(entries);
}

/** Measures a client; gives what is wrong in the page, as lines. */
async function findFaults(
  at: At,
  program: Program,
  client: HttpClient,
  server: FailingServer,
): Promise<string[]> {
  const measured = await measure(at, program, client, server);
  const row = `| ${[client.row, ...describeBehaviour(measured)].join(" | ")} |`;
  const exceptions = findExceptions(measured).map((text) => `${client.row}: ${text}`);
  return readRows().get(client.row) === row ? exceptions : [row, ...exceptions];
}

/** The clients mostly wait, so those of a language are measured at the same time. */
async function checkPage(at: At, { prepare, clients }: HttpClients): Promise<void> {
  const program = await prepare(at);
  const server = await startFailingServer();
  try {
    const faults = await Promise.all(clients.map((one) => findFaults(at, program, one, server)));
    const lines = faults.flat();
    if (lines.length > 0) throw new Error([`${PAGE} should have:`, ...lines].join("\n"));
  } finally {
    await server.close();
  }
}

/** One test for each language. */
export const RETRIES: Client[] = HTTP_CLIENTS.map((all) => ({
  name: `retries, ${all.language}`,
  version: `${all.clients.length} clients`,
  language: all.language,
  tools: all.tools,
  run: (at) => checkPage(at, all),
}));
