// The options of `npm run reconcile`.
import { parseArgs } from "node:util";
import {
  DEPLOYMENT_HELP,
  DEPLOYMENT_OPTIONS,
  type Deployment,
  readDeployment,
} from "../operator/deployment.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Payments under way are differences. */
const SETTLED_AFTER_MS = 15 * MINUTE_MS;

export const HELP = `npm run reconcile -- stripe [options]

Compares Stripe's books with those of a deployment and prints each difference. Changes nothing.
Exit code: 0 without differences, 1 with some, 2 when it could not be finished.

  --from TIME      beginning of the range, RFC 3339 (default: a day before --to)
  --to TIME        its end, exclusive (default: a quarter of an hour ago)
  --cursor TEXT    continues an interrupted run; --from and --to have to be the same
  --limit 20       comparisons a page
${DEPLOYMENT_HELP}
  --json           prints one JSON document
`;

export type Options = Deployment & {
  from: string;
  to: string;
  cursor: string | undefined;
  limit: string;
  json: boolean;
};

/** @returns undefined when help is wanted. @throws when an option is wrong */
export function readOptions(args: string[], env: NodeJS.ProcessEnv, nowMs: number) {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      from: text,
      to: text,
      cursor: text,
      limit: { ...text, default: "20" },
      ...DEPLOYMENT_OPTIONS,
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  if (positionals.length !== 1 || positionals[0] !== "stripe") {
    throw new Error("Name the processor: npm run reconcile -- stripe");
  }
  const deployment = readDeployment(values, env);
  const toMs = values.to === undefined ? nowMs - SETTLED_AFTER_MS : parseTime(values.to, "--to");
  const fromMs = values.from === undefined ? toMs - DAY_MS : parseTime(values.from, "--from");
  const { cursor, limit, json } = values;
  const options: Options = {
    ...deployment,
    ...{ cursor, limit, json },
    from: values.from ?? new Date(fromMs).toISOString(),
    to: values.to ?? new Date(toMs).toISOString(),
  };
  return options;
}

function parseTime(text: string, name: string): number {
  const ms = Date.parse(text);
  if (/^\d{4}-\d\d-\d\dT/i.test(text) && !Number.isNaN(ms)) return ms;
  throw new Error(`${name} must be a time such as 2026-11-22T00:00:00Z; it is "${text}".`);
}
