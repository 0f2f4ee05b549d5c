/** The docs' tables say what the code does. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { PROBLEMS } from "../src/http/problem";
import { SANDBOX_OUTCOMES } from "../src/processor/sandbox";

const doc = (name: string): string =>
  readFileSync(join(import.meta.dirname, "../docs", name), "utf8");

/** The rows of the table whose first cell is a code, as lists of cells. */
function rowsOf(text: string): string[][] {
  return [...text.matchAll(/^\| `(\w+)` \|(.*)\|$/gm)].map(([, code = "", rest = ""]) => [
    code,
    ...rest.split("|").map((cell) => cell.trim()),
  ]);
}

it("docs/problems.md has a row with the right status for every problem, and no other", () => {
  const documented = rowsOf(doc("problems.md")).map(([code, status]) => [code, Number(status)]);
  expect(documented).toEqual(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]));
});

it("docs/sandbox.md has a row with the right amount and outcome for every outcome, and no other", () => {
  const documented = rowsOf(doc("sandbox.md")).map(([name, ending = "", outcome = ""]) => {
    const code = /failed.*`(\w+)`/.exec(outcome)?.[1];
    return [name, ending.replaceAll("`", ""), code ?? "completed"];
  });
  const actual = Object.entries(SANDBOX_OUTCOMES).map(([name, { amount_ending, answer }]) => [
    name,
    amount_ending,
    answer.kind === "settled" ? "completed" : answer.failure.code,
  ]);
  expect(documented).toEqual(actual);
});
