// The command line of `npm run simulate`.
import { parseArgs } from "node:util";

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
  --chaos               kills the server again and again, and has the Kafka endpoint fail
  --keep                leaves the state folder and the server's output there
`;

const NUMBERS = {
  transactions: { default: "3000", least: 1, most: 1_000_000 },
  rate: { default: "0", least: 0, most: 100_000 },
  concurrency: { default: "48", least: 1, most: 1_000 },
  merchants: { default: "3", least: 1, most: 100 },
  customers: { default: "4000", least: 1, most: 1_000_000 },
};

/** A command line that cannot be understood. */
export class UsageError extends Error {}

function wholeOf(name, text) {
  const { least, most } = NUMBERS[name];
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new UsageError(
    `--${name} must be a whole number from ${least} to ${most}; it is "${text}".`,
  );
}

function parse(args) {
  const text = { type: "string" };
  const flag = { type: "boolean", default: false };
  const numbers = Object.entries(NUMBERS).map(([name, own]) => [
    name,
    { ...text, default: own.default },
  ]);
  try {
    return parseArgs({
      args,
      options: {
        ...Object.fromEntries(numbers),
        seed: { ...text, default: "1" },
        chaos: flag,
        keep: flag,
        help: { ...flag, short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(
      `${error.message}\nOptions go after two dashes: npm run simulate -- --seed 2`,
    );
  }
}

/** The options as they are meant. @throws UsageError */
export function readOptions(args) {
  const values = parse(args);
  const numbers = Object.keys(NUMBERS).map((name) => [name, wholeOf(name, values[name])]);
  const { seed, chaos, keep, help } = values;
  return { ...Object.fromEntries(numbers), seed, chaos, keep, help };
}
