// The options of `npm run archive`.
import { parseArgs } from "node:util";
import {
  DEPLOYMENT_HELP,
  DEPLOYMENT_OPTIONS,
  type Deployment,
  readDeployment,
} from "../operator/deployment.ts";

export const HELP = `npm run archive -- COMMAND [options]

  verify           checks every segment of every shard, from the first one on
  list             shows the segments
  export           writes the payments of a range to a file
  restore          puts the segments of a range back into the shards and D1

  --from TIME      payments created at or after it: RFC 3339, or a day in UTC
  --through TIME   payments created at or before it; of a day its end
  --merchant ID    export: the payments of one merchant only
  --format FORMAT  export: ndjson (whole payments with their events) or parquet (a row each)
  --output FILE    export: the file, which is replaced when the export is complete
  --days 30        restore: how long the payments stay at least, 1 to 365
${DEPLOYMENT_HELP}
  --json           verify, list: prints one JSON document

Exit code: 0 when it is done, 1 when verify finds a break, 2 when it could not be finished.
`;

/** When payments were created: RFC 3339 in UTC with milliseconds, both included. */
type Range = { from: string; through: string };
const FORMATS = ["ndjson", "parquet"] as const;

export type Options = { deployment: Deployment } & (
  | { command: "verify"; json: boolean }
  | { command: "list"; range: Range; json: boolean }
  | {
      command: "export";
      range: Range;
      merchant: string | undefined;
      format: (typeof FORMATS)[number];
      output: string;
    }
  | { command: "restore"; range: Range; days: number }
);

/** Which options each command has besides those of the deployment. */
const COMMANDS: Record<Options["command"], string[]> = {
  verify: ["json"],
  list: ["from", "through", "json"],
  export: ["from", "through", "merchant", "format", "output"],
  restore: ["from", "through", "days"],
};
const FIRST = "0000-01-01T00:00:00.000Z";
const LAST = "9999-12-31T23:59:59.999Z";
const DAYS = "30";
const MAX_DAYS = 365;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** @returns undefined when help is wanted. @throws when an option is wrong */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): Options | undefined {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{ from: text, through: text, merchant: text, format: text, output: text, days: text },
      ...DEPLOYMENT_OPTIONS,
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  const command = readCommand(positionals);
  const allowed = [...COMMANDS[command], ...Object.keys(DEPLOYMENT_OPTIONS)];
  const other = Object.keys(values).find((name) => !allowed.includes(name));
  if (other !== undefined) throw new Error(`${command} has no option --${other}.`);
  const deployment = readDeployment(values, env);
  const { json = false, merchant } = values;
  if (command === "verify") return { command, json, deployment };
  const from =
    values.from === undefined ? undefined : parseTime(values.from, "--from", "00:00:00Z");
  const through =
    values.through === undefined
      ? undefined
      : parseTime(values.through, "--through", "23:59:59.999Z");
  const range = { from: from ?? FIRST, through: through ?? LAST };
  if (range.from > range.through) throw new Error("--through must not be before --from.");
  if (command === "list") return { command, json, range, deployment };
  if (from === undefined || through === undefined) throw new Error("Give --from and --through.");
  if (command === "restore") return { command, range, days: parseDays(values.days), deployment };
  const format = FORMATS.find((name) => name === values.format);
  if (!format) throw new Error(`--format must be ${FORMATS.join(" or ")}.`);
  if (!values.output) throw new Error("Name the file with --output.");
  return { command, range, merchant, format, output: values.output, deployment };
}

function readCommand([name, ...others]: string[]): Options["command"] {
  const known = Object.keys(COMMANDS) as Options["command"][];
  const command = known.find((one) => one === name);
  if (!command) throw new Error(`Name a command: ${known.join(", ")}. --help shows the options.`);
  if (others.length > 0) throw new Error(`${command} takes options only; "${others[0]}" is none.`);
  return command;
}

function parseDays(text = DAYS): number {
  const days = Number(text);
  if (/^\d{1,3}$/.test(text) && days >= 1 && days <= MAX_DAYS) return days;
  throw new Error(`--days must be a number from 1 to ${MAX_DAYS}; it is "${text}".`);
}

/** @param clock the time of a day that is given without one */
function parseTime(text: string, name: string, clock: string): string {
  const ms = Date.parse(DAY.test(text) ? `${text}T${clock}` : text);
  const isTime = DAY.test(text) || /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/i.test(text);
  if (isTime && !Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new Error(
    `${name} must be a time such as 2026-11-22T00:00:00Z, or a day; it is "${text}".`,
  );
}
