// The command line of `npm run test:processor`.
import { parseArgs } from "node:util";
import { errorMessage } from "../processes/errors.ts";

/** What a processor may have besides charges. */
export const OPERATIONS = ["authorize", "capture", "void", "refund", "find"] as const;
export type Optional = (typeof OPERATIONS)[number];

export type Options = {
  url: string;
  token: string | null;
  operations: ReadonlySet<Optional>;
  amount_minor: number;
  currency: string;
  /** Members of each payment's body. */
  body: object;
  /** Members of the body of a payment that is declined; null when there is none. */
  declined: object | null;
  timeout_ms: number;
  wait_ms: number;
};

export const HELP = `npm run test:processor -- URL [options]

Checks a payment processor against docs/processor.md: URL is what PROCESSOR_URL would be. It makes payments,
captures, voids and refunds there, so use a test account. Exits with 1 when a check fails, with 2 when the
suite cannot run.

  --token TEXT            PROCESSOR_TOKEN
  --operations LIST       PROCESSOR_OPERATIONS, such as authorize,capture,void,refund,find
  --amount 1000           of each payment, in minor units; at least 100
  --currency USD
  --body JSON             members of each payment's body, such as {"metadata":{"card":"test"}}
  --declined JSON         members of the body of a payment that is declined; without it those checks are skipped
  --timeout 10000         ms, of one request
  --wait 30000            ms, for an operation that is pending
`;

/** A command line that cannot be understood. */
export class UsageError extends Error {}

const AMOUNT_MIN = 100;

function readWhole(name: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new UsageError(`--${name} must be a whole number of at least ${least}; it is "${text}".`);
}

function readObject(name: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // The message below says it.
  }
  throw new UsageError(`--${name} must be a JSON object; it is "${text}".`);
}

function readUrl(text: string | undefined): string {
  const url = text === undefined ? null : URL.parse(text);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url.href.replace(/\/$/, "");
  throw new UsageError("Name the processor's URL, such as http://127.0.0.1:4000.");
}

function readOperations(text: string): ReadonlySet<Optional> {
  const names = text.split(",").map((name) => name.trim());
  const found = names
    .filter((name) => name !== "")
    .map((name) => {
      const known = OPERATIONS.find((one) => one === name);
      if (known) return known;
      throw new UsageError(`--operations has "${name}"; there are ${OPERATIONS.join(", ")}.`);
    });
  const operations = new Set(found);
  if (operations.has("authorize") && !(operations.has("capture") && operations.has("void"))) {
    throw new UsageError("authorize needs capture and void.");
  }
  return operations;
}

function parse(args: string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        token: text,
        operations: { ...text, default: "" },
        amount: { ...text, default: "1000" },
        currency: { ...text, default: "USD" },
        body: { ...text, default: "{}" },
        declined: text,
        timeout: { ...text, default: "10000" },
        wait: { ...text, default: "30000" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(errorMessage(error));
  }
}

/** The options; null when help is wanted. @throws UsageError */
export function readOptions(args: string[]): Options | null {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  return {
    url: readUrl(positionals[0]),
    token: values.token ?? null,
    operations: readOperations(values.operations),
    amount_minor: readWhole("amount", values.amount, AMOUNT_MIN),
    currency: values.currency,
    body: readObject("body", values.body),
    declined: values.declined === undefined ? null : readObject("declined", values.declined),
    timeout_ms: readWhole("timeout", values.timeout, 1),
    wait_ms: readWhole("wait", values.wait, 0),
  };
}
