/** The disk is full for a while, for real: a small file system in memory holds the server's state. Payments are
 *  refused meanwhile and nothing is half stored; when there is room again, what was under way is taken up. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { type BuiltServer, startBuilt } from "../support/built-server";
import { until } from "../support/eventually";
import { type Processor, startProcessor } from "../support/processor";

const TRANSACTIONS = "/api/v1/transactions";
const STATE_MEGABYTES = 32;
/** So often the runtime has tried in vain that it waits for a good while before it tries again. */
const FAULTS = 6;

let processor: Processor;
let server: BuiltServer | undefined;
let state = "";
/** Why there is no file system of the test's own. */
let refusal = "";

/** Only an administrator may mount; a container may not let even that one. */
function mount(dir: string): void {
  mkdirSync(dir, { recursive: true });
  try {
    const options = `size=${STATE_MEGABYTES}m`;
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", dir], { stdio: "pipe" });
    state = dir;
  } catch (fault) {
    refusal = String(fault);
  }
}

beforeAll(async () => {
  processor = await startProcessor();
  const settings = {
    TRANSACTION_SHARDS: "1",
    PROCESSOR: "http",
    PROCESSOR_URL: processor.url,
    LOG_LEVEL: "error",
  };
  server = await startBuilt(settings, (dir) => mount(join(dir, "state")));
});

afterAll(async () => {
  if (state !== "") execFileSync("umount", ["--lazy", state]);
  await server?.remove();
  await processor.close();
});

it("Charges and reviews continue after a full disk has room again", async ({ skip }) => {
  if (refusal !== "") {
    console.error(`NOT TESTED, because no file system could be mounted: ${refusal}`);
    skip(`no file system could be mounted: ${refusal}`);
  }
  await ask("PUT", "/api/v1/risk/rules", {
    version: 0,
    rules: [{ id: "large", outcome: "review", when: { amount: { above: "100" } } }],
    review_expires_after_s: 1,
    review_expires_to: "reject",
  });
  const charge = await created("charge", { metadata: { processor: "pending,pending,settle" } });
  const review = await created("review", { amount: 150 });
  expect((await send("POST", `${TRANSACTIONS}/${charge}/process`)).status).toBe(202);

  fill();
  await until(() => faults() >= FAULTS);
  expect((await create("refused")).status).toBe(503);
  rmSync(join(state, "filler"));

  // The first call that writes. An object that has just failed may have to be asked again.
  await until(async () => (await create("first")).status === 201);
  await until(async () => (await find(charge)).status === "completed");
  await until(async () => (await find(review)).status === "failed");
  expect(processor.seen.get(charge)?.charges).toBe(1);
  expect((await find(review)).review).toMatchObject({ status: "rejected", expired: true });
});

/** Writes until there is no room for a byte. */
function fill(): void {
  const file = openSync(join(state, "filler"), "w");
  try {
    for (const size of [65_536, 4_096, 1]) {
      const chunk = Buffer.alloc(size);
      for (;;) {
        try {
          if (writeSync(file, chunk) < size) break;
        } catch {
          break;
        }
      }
    }
  } finally {
    closeSync(file);
  }
}

/** How often the runtime has said that there is no room. */
function faults(): number {
  return (server?.log() ?? "").split("SQLITE_FULL").length - 1;
}

function send(method: string, path: string, body?: object, key?: string): Promise<Response> {
  return fetch(`${server?.origin}${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${server?.keys[0]}`,
      "Content-Type": "application/json",
      ...(key ? { "Idempotency-Key": key } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

const create = (key: string, body: object = {}) =>
  send("POST", TRANSACTIONS, { user_id: key, amount: 5, ...body }, key);

async function created(key: string, body: object): Promise<string> {
  const response = await create(key, body);
  expect(response.status).toBe(201);
  return ((await response.json()) as Transaction).id;
}

async function ask(method: string, path: string, body: object): Promise<void> {
  const response = await send(method, path, body);
  expect(response.ok, await response.text()).toBe(true);
}

async function find(id: string): Promise<Transaction> {
  return (await (await send("GET", `${TRANSACTIONS}/${id}`)).json()) as Transaction;
}
