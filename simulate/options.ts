// The command line of `npm run simulate`.
import { parseArgs } from "node:util";
import { errorMessage } from "../scripts/processes/errors.ts";
import type { ProcessorName } from "./plan/orders.ts";

export type Options = {
  transactions: number;
  rate: number;
  concurrency: number;
  merchants: number;
  customers: number;
  seed: string;
  processor: ProcessorName;
  chaos: boolean;
  archive: boolean;
  keep: boolean;
  help: boolean;
};

export const HELP = `npm run simulate -- [options]

Runs a server of its own on a state folder of its own, sends it traffic that looks like life, waits until
everything has settled, and compares what it sent with what the API, the receivers of webhooks, the Kafka
endpoint and /metrics say. Exits with 1 on any difference, with 2 when the simulation itself fails.

  --transactions 3000   orders, of one or more requests each
  --seed 1              another seed is other traffic; the same one the same
  --rate 0              visits a second at most; 0: as fast as it goes
  --concurrency 48      visits under way at a time
  --merchants 3         each with four webhook endpoints
  --customers 4000      most of them buy rarely
  --processor http      http: a processor over HTTP; stripe: a stand-in for Stripe, with 3-D Secure and disputes
  --chaos               kills the server again and again, and has the Kafka endpoint fail
  --archive             payments move to the archive some seconds after their last change
  --keep                leaves the state folder and the server's output there
`;

const NUMBERS = {
  transactions: { default: "3000", least: 1, most: 1_000_000 },
  rate: { default: "0", least: 0, most: 100_000 },
  concurrency: { default: "48", least: 1, most: 1_000 },
  merchants: { default: "3", least: 1, most: 100 },
  customers: { default: "4000", least: 1, most: 1_000_000 },
} as const;

/** A command line that cannot be understood. */
export class UsageError extends Error {}

function readNumber(name: keyof typeof NUMBERS, text: string): number {
  const { least, most } = NUMBERS[name];
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new UsageError(
    `--${name} must be a whole number from ${least} to ${most}; it is "${text}".`,
  );
}

function parse(args: string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const number = (name: keyof typeof NUMBERS) => ({ ...text, default: NUMBERS[name].default });
  try {
    return parseArgs({
      args,
      options: {
        transactions: number("transactions"),
        rate: number("rate"),
        concurrency: number("concurrency"),
        merchants: number("merchants"),
        customers: number("customers"),
        seed: { ...text, default: "1" },
        processor: { ...text, default: "http" },
        chaos: flag,
        archive: flag,
        keep: flag,
        help: { ...flag, short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(
      `${errorMessage(error)}\nOptions go after two dashes: npm run simulate -- --seed 2`,
    );
  }
}

function readProcessor(text: string): ProcessorName {
  if (text === "http" || text === "stripe") return text;
  throw new UsageError(`--processor must be http or stripe; it is "${text}".`);
}

/** The options as they are meant. @throws UsageError */
export function readOptions(args: string[]): Options {
  const { seed, processor, chaos, archive, keep, help, ...texts } = parse(args);
  return {
    transactions: readNumber("transactions", texts.transactions),
    rate: readNumber("rate", texts.rate),
    concurrency: readNumber("concurrency", texts.concurrency),
    merchants: readNumber("merchants", texts.merchants),
    customers: readNumber("customers", texts.customers),
    seed,
    processor: readProcessor(processor),
    chaos,
    archive,
    keep,
    help,
  };
}
