/** Lists through one isolate right after answers through another, while D1 is slow: `npm run bench:freshness` in
 *  small. The test runner's own Worker is a single isolate. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildWorker, type FreshServer, startFresh } from "../../bench/fresh-server";
import { SWITCH, setD1Mode } from "../../bench/soak/d1-control";
import { checkFreshness } from "../../bench/soak/fresh-lists";
import { sized } from "../support/sized";

const LOCAL = join(import.meta.dirname, "../../.wrangler");
const CREATES = sized(150, 2_000);
const NO_MISSES = { customer: 0, time: 0, none: 0, status: 0 };

let home = "";
let started: FreshServer;

beforeAll(async () => {
  mkdirSync(LOCAL, { recursive: true });
  home = mkdtempSync(join(LOCAL, "fresh-"));
  started = await startFresh({
    build: await buildWorker(home),
    dir: join(home, "server"),
    log: join(home, "log"),
    shards: 4,
    mode: "miniflare",
    isolates: 2,
    vars: { ...SWITCH, LOG_LEVEL: "error" },
  });
});

afterAll(async () => {
  await started?.server.end();
  rmSync(home, { recursive: true, force: true, maxRetries: 3 });
});

it("A list through one isolate shows what another one has just answered, while D1 is slow at random", async () => {
  await setD1Mode(started, "slow", 150);
  const found = await check("slow", CREATES);
  expect(found.misses).toEqual(NO_MISSES);
  expect(found.errors).toEqual([]);
  expect(Object.values(found.asked).every((count) => count > 0)).toBe(true);
});

it("The two isolates of this test share no memory", async () => {
  const { server, key } = started;
  const [other = ""] = server.others;
  const only = { ...started, server: { ...server, origin: other, others: [] } };
  await setD1Mode(only, "fail");
  const statuses = [server.origin, other].map(async (origin) => {
    const headers = { authorization: `Bearer ${key}` };
    return (await fetch(`${origin}/api/v1/transactions`, { headers })).status;
  });
  expect(await Promise.all(statuses)).toEqual([200, 503]);
  await setD1Mode(only, "normal");
});

function check(run: string, creates: number) {
  const { server, key } = started;
  const origins = [server.origin, ...server.others];
  return checkFreshness({ origins, key, run, creates, connections: 8 });
}
