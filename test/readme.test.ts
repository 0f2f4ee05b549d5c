/** README.md says what the code does: its status diagram, and the transaction that it shows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ACTIONS, nextStatus, STATUSES } from "../src/domain/transaction/status";

const ROOT = join(import.meta.dirname, "..");
const readme = readFileSync(join(ROOT, "README.md"), "utf8");

it("the README's status diagram has every transition of the status table, and no other", () => {
  const drawn = [...readme.matchAll(/^ {2}(\w+) --> (\w+): (\w+)$/gm)].map(
    ([, from, to, action]) => `${from} ${action} ${to}`,
  );
  const actual = STATUSES.flatMap((from) =>
    ACTIONS.map((action) => [from, action, nextStatus(from, action)]),
  )
    .filter(([, , to]) => to !== undefined)
    .map((move) => move.join(" "));
  expect(drawn.sort()).toEqual(actual.sort());
});

it("the transaction that the README shows has the members of one in openapi.json", () => {
  const openApi = JSON.parse(readFileSync(join(ROOT, "openapi.json"), "utf8"));
  const [, shown = ""] = /^…\n(\{"id":"txn_[^…]*?\})\n```/m.exec(readme) ?? [];
  const { properties } = openApi.components.schemas.Transaction;
  const members = Object.keys(properties).filter((name) => name !== "resolution");
  expect(Object.keys(JSON.parse(shown))).toEqual(members);
});

it("the README is short enough to be read", () => {
  expect(readme.split("\n").length).toBeLessThan(180);
});
