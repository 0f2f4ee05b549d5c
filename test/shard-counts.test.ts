/** The shard counts of `npm start`: new state has one shard, and the count of existing state never changes. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { keepShardCounts, toWranglerVars } from "../scripts/local/shard-counts";

let folder: string;
let state: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "shard-counts-"));
  state = join(folder, "state");
});

afterEach(() => rmSync(folder, { recursive: true }));

/** The arguments of wrangler for a start with these `.dev.vars`. */
function start(devVars: Record<string, string> = {}): string[] {
  const vars = toWranglerVars(keepShardCounts(state, devVars), devVars);
  mkdirSync(join(state, "v3"), { recursive: true }); // As wrangler does.
  return vars;
}

const ONE = ["--var", "TRANSACTION_SHARDS:1", "--var", "VELOCITY_SHARDS:1"];

it("New state has one shard of each kind, and keeps it", () => {
  expect([start(), start()]).toEqual([ONE, ONE]);
});

it("State of a release that kept no counts has those of wrangler.toml", () => {
  mkdirSync(join(state, "v3", "d1"), { recursive: true });
  expect([start(), start()]).toEqual([[], []]);
});

it("What .dev.vars sets has priority, and stays when it is no longer set", () => {
  expect(start({ TRANSACTION_SHARDS: "4" })).toEqual(["--var", "VELOCITY_SHARDS:1"]);
  expect(start()).toEqual(["--var", "TRANSACTION_SHARDS:4", "--var", "VELOCITY_SHARDS:1"]);
  expect(start({ TRANSACTION_SHARDS: "1", VELOCITY_SHARDS: "2" })).toEqual([]);
});
