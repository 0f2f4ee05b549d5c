/** Claims in memory: what a restarted shard knows of charges that were under way. */
import { expect, it } from "vitest";
import { Journal } from "../../../../src/transactions/journal/journal";
import { NOW_MS } from "../../../support/examples";
import {
  about,
  create,
  idOf,
  journal,
  record,
  run,
  SETTLED,
  storage,
  times,
  UNKNOWN,
} from "../../../support/shard";

const rows = () => storage.sql.exec("SELECT * FROM charges").toArray();
const dueAfterRestart = () =>
  new Journal(storage.sql).charges.due(NOW_MS + 1, 100).map(({ id, attempts }) => [id, attempts]);

it("A charge with an outcome at the first attempt writes no row", () => {
  for (const command of [create(), about("process"), record(SETTLED)]) run(command);
  expect(rows()).toEqual([]);
  expect(dueAfterRestart()).toEqual([]);
});

it("A restarted shard repeats the claims that had no outcome, and no others", () => {
  const keys = times(30, (n) => `k${n}`);
  for (const key of keys) run(create(key));
  for (const key of keys) run(about("process", key));
  for (const key of keys.filter((_, n) => n % 3 === 0)) run(record(SETTLED, key));
  for (const key of keys.filter((_, n) => n % 3 === 1)) run(record(UNKNOWN, key));
  const open = keys.filter((_, n) => n % 3 === 2).map((key) => [idOf(key), 0]);
  expect(dueAfterRestart()).toEqual(open);
  const later = new Journal(storage.sql).charges.due(NOW_MS + 60_000, 100);
  expect(later).toHaveLength(20);
  expect(later.filter(({ attempts }) => attempts === 1)).toHaveLength(10);
  expect(new Journal(storage.sql).charges.summarize(NOW_MS + 1)).toMatchObject({ open: 20 });
});

it("A claim is found after a restart however many payments were made and ended since", () => {
  run(create("slow"));
  run(about("process", "slow"));
  for (const n of times(50, (count) => count)) {
    for (const command of [create(`k${n}`), about("process", `k${n}`)]) run(command);
    run(record(SETTLED, `k${n}`));
  }
  expect(dueAfterRestart()).toEqual([[idOf("slow"), 0]]);
  const restarted = new Journal(storage.sql);
  expect(restarted.charges.storedThrough(restarted.lastPosition)).toBe(1);
  run(record(UNKNOWN, "slow"));
  expect(new Journal(storage.sql).checkpoints.get("charges_stored_through")).toBe(152);
});

it("A shard reads no event twice that was settled before its last commit", () => {
  for (const command of [create(), about("process"), record(SETTLED), create("next")]) run(command);
  expect(journal.checkpoints.get("charges_stored_through")).toBe(4);
});
