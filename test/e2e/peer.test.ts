/** The peer of `npm run bench -- --peer`: a comparison is worth something only if the peer keeps the same promises.
 *  Skipped where PostgreSQL and Redis are not installed. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPrograms } from "../../bench/peer/services";
import { type Server, startHost } from "../../bench/server";

const LOCAL = join(import.meta.dirname, "../../.wrangler");
const BODY = { user_id: "user_1", amount: 10.5, currency: "USD" };

describe.skipIf(!hasPrograms())("The peer", () => {
  let home = "";
  let peer: Server;

  beforeAll(async () => {
    mkdirSync(LOCAL, { recursive: true });
    home = mkdtempSync(join(LOCAL, "peer-"));
    chmodSync(home, 0o711);
    const log = join(home, "log");
    peer = await startHost({
      host: "peer/host.ts",
      args: [join(home, "1"), "2"],
      log,
      ends: "stop",
    });
  });

  afterAll(async () => {
    await peer?.end();
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  });

  it("The peer makes one transaction of racing creates with one key", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => create("race", BODY)));
    const made = answers.filter(({ status }) => status === 201);
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.filter(({ status }) => status !== 201 && status !== 409)).toEqual([]);
    expect((await create("race", BODY)).body).toEqual(made[0]?.body);
    expect((await create("race", { ...BODY, amount: 11 })).status).toBe(422);
  });

  it("The peer charges once, whatever calls process at the same time", async () => {
    const { body } = await create("once", BODY);
    const path = `/api/v1/transactions/${body.id}`;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => call("POST", `${path}/process`)),
    );
    expect(answers.filter(({ status }) => status !== 200 && status !== 202)).toEqual([]);
    const found = await call("GET", path);
    // A claim and an outcome: one charge.
    expect(found.body).toMatchObject({ status: "completed", version: 3, amount_minor: 1050 });
  });

  it("The peer keeps amounts exactly, and refuses more decimals than the currency has", async () => {
    for (const [amount, minor] of [
      [0.01, 1],
      [1.1, 110],
      [4.35, 435],
      [999999.99, 99999999],
    ]) {
      const { status, body } = await create(`amount-${amount}`, { ...BODY, amount });
      expect([status, body.amount_minor, body.amount]).toEqual([201, minor, amount]);
    }
    expect((await create("too-exact", { ...BODY, amount: 1.005 })).status).toBe(400);
  });

  it("The peer blocks a payment above twice the threshold and does not charge it", async () => {
    const { status, body } = await create("large", { ...BODY, amount: 10_000.01 });
    expect([status, body.status, body.fraud_score]).toEqual([201, "failed", 70]);
    expect((await call("POST", `/api/v1/transactions/${body.id}/process`)).status).toBe(409);
  });

  it("PostgreSQL, Redis and the peer end together with their host", async () => {
    const pids = [...peer.pids];
    expect(pids).toHaveLength(3);
    await peer.end();
    expect(pids.filter(isRunning)).toEqual([]);
    expect(readFileSync(join(home, "log"), "utf8")).toContain("database system is shut down");
  });

  function create(key: string, body: object) {
    return call("POST", "/api/v1/transactions", body, { "idempotency-key": key });
  }

  async function call(method: string, path: string, body?: object, more: object = {}) {
    const response = await fetch(`${peer.origin}${path}`, {
      method,
      headers: { ...(body ? { "content-type": "application/json" } : {}), ...more },
      body: body ? JSON.stringify(body) : null,
    });
    const read = (await response.json()) as Record<string, unknown>;
    return { status: response.status, body: read };
  }
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function hasPrograms(): boolean {
  try {
    findPrograms();
    return true;
  } catch {
    return false;
  }
}
