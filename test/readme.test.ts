/** README.md says what the code does: its status diagram, the transaction that it shows, its source map. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ACTIONS, nextStatus, STATUSES } from "../src/domain/transaction/status";

const ROOT = join(import.meta.dirname, "..");
const readme = readFileSync(join(ROOT, "README.md"), "utf8");

it("The README's status diagram has every transition of the status table, and no other", () => {
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

/** What a transaction has only once it was authorized, waited for its customer, was disputed, was ended by an operator or lost
 *  its customer's data. */
const LATER_MEMBERS = [
  "resolution",
  "amount_capturable_minor",
  "capture_before",
  "pending_operation",
  "cancellation_reason",
  "processor_reference",
  "action_expires_at",
  "next_action",
  "dispute",
  "erased_at",
];

it("The transaction that the README shows has the members of one in openapi.json", () => {
  const openApi = JSON.parse(readFileSync(join(ROOT, "openapi.json"), "utf8"));
  const [, shown = ""] = /^…\n(\{"id":"txn_[^…]*?\})\n```/m.exec(readme) ?? [];
  const { properties } = openApi.components.schemas.Transaction;
  const members = Object.keys(properties).filter((name) => !LATER_MEMBERS.includes(name));
  expect(Object.keys(JSON.parse(shown))).toEqual(members);
});

it("The README's source map has everything at the top of src, and nothing else", () => {
  const [, map = ""] = /^src\/\n([\s\S]*?)^```/m.exec(readme) ?? [];
  const drawn = map
    .split("\n")
    .filter((line) => /^ {2}\S/.test(line))
    .flatMap((line) => line.slice(2).split(/ {2,}/)[0]?.split(" ") ?? [])
    .map((name) => name.replace(/\/$/, ""));
  expect(drawn.sort()).toEqual(readdirSync(join(ROOT, "src")).sort());
});

it("The README is short enough to be read", () => {
  expect(readme.split("\n").length).toBeLessThan(180);
});
