// `npm run capacity`: when a deployment is full and what it costs, by payments a second, computed from measured figures.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../../scripts/install.mjs";
import { errorMessage } from "../../scripts/processes/errors.ts";
import { DEFAULTS, FULL_REPORT, type Report, replaceReport, writeReport } from "./tables.ts";

const PAGE = join(ROOT, "docs/capacity.md");
const USAGE = `usage: npm run capacity -- [options]
  --rate N             payments a second, instead of five rates
  --hot-days N         HOT_DAYS, ${DEFAULTS.hot_days} unless given; 0 for no archive
  --shards N           TRANSACTION_SHARDS, ${DEFAULTS.shards} unless given
  --velocity-shards N  VELOCITY_SHARDS, ${DEFAULTS.velocity_shards} unless given
  --books N            BOOKS, ${DEFAULTS.books} unless given
  --extra-bytes N      what a payment's texts are longer than those of the smallest one
  --write              write the tables into docs/capacity.md; without other options
  --help`;

const OPTIONS = {
  rate: { type: "string" },
  "hot-days": { type: "string" },
  shards: { type: "string" },
  "velocity-shards": { type: "string" },
  books: { type: "string" },
  "extra-bytes": { type: "string" },
  write: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

try {
  main();
} catch (error) {
  console.error(`${errorMessage(error)}\n${USAGE}`);
  process.exit(1);
}

function main(): void {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const { write, help: _, ...given } = values;
  if (!write) {
    console.log(writeReport(Object.keys(given).length === 0 ? FULL_REPORT : readReport(given)));
    return;
  }
  if (Object.keys(given).length > 0) throw new Error("--write has no other options.");
  writeFileSync(PAGE, replaceReport(readFileSync(PAGE, "utf8"), writeReport(FULL_REPORT)));
}

type Given = { [Name in keyof typeof OPTIONS]?: string | boolean | undefined };

function readReport(given: Given): Report {
  const read = (name: keyof Given, isFit: (value: number) => boolean, form: string) => {
    const text = given[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text === "" || !Number.isFinite(value) || !isFit(value)) {
      throw new Error(`--${name} must be ${form}.`);
    }
    return value;
  };
  const readCount = (name: keyof Given, least: number) =>
    read(
      name,
      (value) => Number.isInteger(value) && value >= least,
      `a whole number, ${least} or more`,
    );
  const rate = read("rate", (value) => value > 0, "a number above 0");
  const hot_days = read("hot-days", (value) => value >= 0, "a number of days, 0 or more");
  return {
    rates: rate === undefined ? FULL_REPORT.rates : [rate],
    setups: [],
    options: {
      hot_days: hot_days ?? DEFAULTS.hot_days,
      shards: readCount("shards", 1) ?? DEFAULTS.shards,
      velocity_shards: readCount("velocity-shards", 1) ?? DEFAULTS.velocity_shards,
      books: readCount("books", 1) ?? DEFAULTS.books,
      extra_bytes: readCount("extra-bytes", 0) ?? DEFAULTS.extra_bytes,
    },
  };
}
