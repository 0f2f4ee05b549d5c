/** `npm run test:clients`: which generators it chooses, and the table that it prints. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { chooseGenerators, GENERATORS } from "../scripts/test-clients/generators";
import { formatResults } from "../scripts/test-clients/report";
import { findMissing } from "../scripts/test-clients/toolchain";

const ROOT = join(import.meta.dirname, "..");
const namesOf = (only: string) => chooseGenerators(only).map(({ name }) => name);

it("test:clients without --only tests every generator", () => {
  expect(chooseGenerators("")).toEqual(GENERATORS);
});

it("test:clients --only chooses by language and by each part of a generator's name", () => {
  expect(namesOf("java")).toEqual([
    "openapi-generator, java, apache-httpclient",
    "openapi-generator, java, native",
  ]);
  expect(namesOf("ogen,python")).toEqual([
    "openapi-python-client",
    "openapi-generator, python",
    "ogen",
  ]);
});

it("test:clients --only with a word that fits no generator is an error that names the word", () => {
  expect(() => chooseGenerators("python,cobol")).toThrow("No generator fits --only cobol.");
});

it("The table of test:clients shows where a client failed and why a generator was skipped", () => {
  const text = formatResults([
    {
      generator: { name: "alpha", version: "1.0" },
      phases: ["generates", "compiles", "runs"],
      seconds: 3.14,
    },
    {
      generator: { name: "beta, go", version: "2.0" },
      phases: ["generates", "compiles"],
      error: "undefined: x",
      seconds: 12,
    },
    {
      generator: { name: "gamma", version: "3.0" },
      phases: [],
      skipped: "no Go, no Maven",
      seconds: 0,
    },
  ]);
  expect(text.split("\n")).toEqual([
    "generator  version  generates  compiles  runs  seconds",
    "alpha      1.0      yes        yes       yes   3.1",
    "beta, go   2.0      yes        NO        -     12.0",
    "gamma      3.0      skipped: no Go, no Maven",
  ]);
});

it("test:clients says in words which tool a machine lacks", async () => {
  const { PATH } = process.env;
  process.env.PATH = "/nonexistent";
  try {
    expect(await findMissing(["go", "python3"])).toEqual(["Go", "Python 3 with venv"]);
  } finally {
    process.env.PATH = PATH;
  }
});

it("docs/generators.md has a row with the right version for every generator, and no other", () => {
  const text = readFileSync(join(ROOT, "docs/generators.md"), "utf8");
  const [, table = ""] = text.split("| generator | version | result |");
  const rows = [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \|/gm)].map(([, ...cells]) => cells);
  expect(rows).toEqual(GENERATORS.map(({ name, version }) => [name, version]));
});
