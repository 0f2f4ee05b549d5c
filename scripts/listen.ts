// `npm run listen`: shows the webhooks of the API that `npm start` runs, as they arrive.
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { startReceiver } from "./listen/receiver.ts";
import {
  apiPort,
  demoFile,
  HOST,
  parsePort,
  readDemo,
  STATE_DIR,
} from "./local/local-deployment.ts";
import { findServer } from "./local/state-lock.ts";
import { errorCode, errorMessage } from "./processes/errors.ts";

const HELP = `npm run listen -- [options]

Registers a receiver on this machine with the demo merchant of the API that npm start runs, verifies
each webhook and prints it. Ctrl-C deletes the endpoint again.

  --events a,b     only these events, such as transaction.completed,transaction.failed
  --fail 30        answer 500 to 30 % of the deliveries, to watch them come again
  --port 9100      where to listen; any free port unless given
  --url URL        the API; the one that npm start runs unless given
  --key sk_…       whose webhooks; $API_KEY or the demo merchant's key unless given
  --secret whsec_… one more secret to trust: the default one, for transactions' own webhook_url
`;

/** By this the endpoints of earlier runs are known. */
const DESCRIPTION = "npm run listen";
const API_LIMIT_MS = 10_000;
// Kept short so that the command ends quickly; the next run deletes what this one leaves over.
const DELETE_LIMIT_MS = 3_000;
const PROBE_LIMIT_MS = 1_000;

type Options = ReturnType<typeof parseOptions>;
type Endpoint = { id: string; url: string; events: string[]; description: string; secret: string };
type Call = { body?: object; limit_ms?: number };
type Api = <Answer>(method: string, path: string, call?: Call) => Promise<Answer>;

function parseOptions() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      events: { ...text, default: "*" },
      fail: { ...text, default: "0" },
      help: { type: "boolean", short: "h" },
      key: text,
      port: text,
      secret: { ...text, multiple: true, default: [] },
      url: text,
    },
  });
  return values;
}

function parsePercent(text: string): number {
  const percent = Number(text);
  if (/^\d+$/.test(text) && percent <= 100) return percent;
  throw new Error(`--fail must be a number from 0 to 100; it is "${text}".`);
}

function parseUrl(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text.replace(/\/+$/, "");
  throw new Error(`--url must be an http or https URL; it is "${text}".`);
}

function findKey(given: string | undefined): string {
  const key = given || process.env.API_KEY || readDemo()?.key;
  if (key) return key;
  throw new Error(
    `There is no demo key in ${relative(".", demoFile())} yet. Run npm start in another terminal first, ` +
      "or give a key with --key or API_KEY.",
  );
}

async function explain(response: Response): Promise<string> {
  const said = await response.text();
  type Problem = { detail: string; errors?: { pointer: string; message: string }[] };
  try {
    const { detail, errors = [] } = JSON.parse(said) as Problem;
    return [detail, ...errors.map(({ pointer, message }) => `${pointer} ${message}`)].join(" ");
  } catch {
    return said.slice(0, 200);
  }
}

/** Calls to the webhook endpoints of the API at `base`, in the name of `key`'s merchant. */
function createApi(base: string, key: string): Api {
  return async <Answer>(
    method: string,
    path: string,
    { body, limit_ms = API_LIMIT_MS }: Call = {},
  ): Promise<Answer> => {
    const url = `${base}/api/v1/webhook-endpoints${path}`;
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const signal = AbortSignal.timeout(limit_ms);
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(url, { method, headers, signal, ...sent }).catch(
      (error: unknown) => {
        const isLate = error instanceof Error && error.name === "TimeoutError";
        const why = isLate ? "does not answer in time" : "is not running";
        throw new Error(
          `The API at ${base} ${why}. Run npm start in another terminal, or say where it is with --url.`,
        );
      },
    );
    if (response.ok) {
      const text = await response.text();
      return (text === "" ? null : JSON.parse(text)) as Answer;
    }
    const hint = response.status === 401 ? " Give another key with --key or API_KEY." : "";
    const reason = await explain(response);
    throw new Error(`${method} ${url} answered ${response.status}: ${reason}${hint}`);
  };
}

async function isNobodyThere(url: string): Promise<boolean> {
  try {
    await fetch(url, { signal: AbortSignal.timeout(PROBE_LIMIT_MS) });
    return false;
  } catch (error) {
    return error instanceof Error && errorCode(error.cause) === "ECONNREFUSED";
  }
}

/** Deletes what earlier runs could not, and leaves alone what another terminal still listens to. */
async function clearLeftovers(api: Api): Promise<void> {
  const { data } = await api<{ data: Endpoint[] }>("GET", "");
  for (const { id, url, description } of data) {
    if (description !== DESCRIPTION || !(await isNobodyThere(url))) continue;
    await api("DELETE", `/${id}`);
    console.log(`Deleted ${id}, which an earlier run had left behind.`);
  }
}

function welcome(base: string, { id, url, events }: Endpoint): string {
  return `
Listening at ${url}
for ${events.join(", ")} of ${base}, as endpoint ${id}. Ctrl-C deletes it again.

Make a transaction, or send a test event (KEY is the API key that npm start prints):

curl -sX POST ${base}/api/v1/webhook-endpoints/${id}/test -H "Authorization: Bearer $KEY"
`;
}

function print(line: string): void {
  console.log(`${new Date().toISOString().slice(11, 23)}  ${line}`);
}

async function remove(api: Api, id: string): Promise<void> {
  try {
    await api("DELETE", `/${id}`, { limit_ms: DELETE_LIMIT_MS });
    console.log(`\nDeleted ${id}.`);
  } catch (error) {
    console.log(
      `\n${id} could not be deleted; the next npm run listen will. ${errorMessage(error)}`,
    );
  }
}

async function listen(values: Options): Promise<void> {
  const base = parseUrl(values.url ?? findServer(STATE_DIR) ?? `http://${HOST}:${apiPort()}`);
  const api = createApi(base, findKey(values.key));
  const failPercent = parsePercent(values.fail);
  const port = values.port === undefined ? 0 : parsePort(values.port, "--port");
  const events = values.events.split(",").map((type) => type.trim());

  await clearLeftovers(api);
  const receiver = await startReceiver({ port, failPercent, print });
  // From here on: npm passes a Ctrl-C on that has reached us already, so further ones say nothing.
  const stopped = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, resolve);
  });
  const body = { url: receiver.url, events, description: DESCRIPTION };
  const endpoint = await api<Endpoint>("POST", "", { body });
  receiver.trust([endpoint.secret, ...values.secret]);
  console.log(welcome(base, endpoint));
  await stopped;
  await remove(api, endpoint.id);
}

// Only under npm: its shell ends on SIGTERM without forwarding the signal.
if (process.env.npm_lifecycle_event) await import("./processes/lifeline.ts");

try {
  const values = parseOptions();
  if (values.help) console.log(HELP);
  else await listen(values);
  process.exit(0);
} catch (error) {
  const isUsage = errorCode(error).startsWith("ERR_PARSE_ARGS");
  const hint = "Options go after two dashes: npm run listen -- --fail 30, or -- --help for all.";
  console.error(isUsage ? `${errorMessage(error)}\n${hint}` : errorMessage(error));
  process.exit(1);
}
