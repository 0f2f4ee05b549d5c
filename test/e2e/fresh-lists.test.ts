/** Lists through one isolate right after answers through another, while D1 is slow: `npm run bench:freshness` in
 *  small. The test runner's own Worker is a single isolate. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildWorker, type FreshServer, startFresh } from "../../bench/fresh-server";
import { SWITCH, setD1Mode } from "../../bench/soak/d1-control";
import { checkFreshness } from "../../bench/soak/fresh-lists";
import { eventually } from "../support/eventually";
import { sized } from "../support/sized";

const LOCAL = join(import.meta.dirname, "../../.wrangler");
const CREATES = sized(150, 600);
const PATH = "/api/v1/transactions";
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
    return (await fetch(`${origin}${PATH}`, { headers })).status;
  });
  expect(await Promise.all(statuses)).toEqual([200, 503]);
  await setD1Mode(only, "normal");
});

it("Payments are made while D1 hangs, each list says what it may lack, and has all of them soon after", async () => {
  await setD1Mode(started, "hang");
  const made = await Promise.all(times(40, (at) => pay(origins()[at % 2] ?? "", `hang-${at}`)));
  expect(made.map(({ status }) => status)).toEqual(times(40, () => "completed"));
  await setD1Mode(started, "normal");
  const unsaid: Payment[] = [];
  for (const origin of origins()) {
    await eventually(async () => {
      const { data, stale_since } = await ask<Page>(`${origin}${PATH}?user_id=hung&limit=100`);
      const missing = made.filter(({ id }) => !data.some((one) => one.id === id));
      // A page says nothing about changes after that time.
      unsaid.push(
        ...missing.filter(({ updated_at }) => stale_since === null || updated_at < stale_since),
      );
      expect(missing).toEqual([]);
      expect(stale_since).toBe(null);
      expect(new Set(data.map(({ status }) => status))).toEqual(new Set(["completed"]));
    });
  }
  expect(unsaid).toEqual([]);
});

type Payment = { id: string; status: string; updated_at: string };
type Page = { data: Payment[]; stale_since: string | null };

async function pay(origin: string, name: string): Promise<Payment> {
  const body = JSON.stringify({ user_id: "hung", amount: 10.5, currency: "USD" });
  const url = `${origin}${PATH}`;
  const { id } = await ask<Payment>(url, { method: "POST", body }, { "idempotency-key": name });
  return await ask<Payment>(`${url}/${id}/process`, { method: "POST" });
}

async function ask<Body>(url: string, init: RequestInit = {}, more = {}): Promise<Body> {
  const headers = { authorization: `Bearer ${started.key}`, "content-type": "application/json" };
  const response = await fetch(url, { ...init, headers: { ...headers, ...more } });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return JSON.parse(text) as Body;
}

function check(run: string, creates: number) {
  return checkFreshness({ origins: origins(), key: started.key, run, creates, connections: 8 });
}

function origins(): string[] {
  return [started.server.origin, ...started.server.others];
}

function times<Value>(count: number, make: (at: number) => Value): Value[] {
  return Array.from({ length: count }, (_, at) => make(at));
}
