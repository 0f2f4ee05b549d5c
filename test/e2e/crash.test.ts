/** The server is killed with -9 under load, several times, and started again on the same state. Nothing
 *  that was acknowledged may be missing, nothing may be charged twice, and everything that was under way
 *  must come to its end without being asked for again: charges, webhooks and the stream. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readDevVars } from "../../scripts/local/dev-vars";
import { ensureDevVars, migrate } from "../../scripts/local/local-deployment";
import { startWrangler } from "../../scripts/local/wrangler";
import type { Child } from "../../scripts/processes/child-process";
import { freePort } from "../../scripts/processes/free-port";
import { isTransactionId } from "../../src/domain/identity/id";
import type { Refund } from "../../src/domain/transaction/refund";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { eventually } from "../support/eventually";
import { growthOf, parseExposition, type Scrape } from "../support/exposition";
import type { Fake } from "../support/http-server";
import { type StreamLog, startKafka } from "../support/kafka";
import { type Processor, startProcessor } from "../support/processor";
import { type Arrival, startReceiver } from "../support/receiver";

const BURST = 24;
/** The server is killed when a burst has come so far, counted in creates that were answered and operations that the
 *  processor was asked for: while it creates, in between, while it charges, and while it captures and refunds. Not by the
 *  clock, because a slow machine would have charged nothing by then. */
const KILL_AFTER_STEPS = [3, 20, 34, 46, 54];
/** Payments that are counted before and after a kill; fewer than the fraud rules let a customer make in a day. */
const COUNTED = 10;
/** What the processor does, by turns: at once, slowly, charging and cutting the line, charging and never answering. */
const STEPS = ["settle", "slow", "drop,settle", "hang,settle", "decline:expired_card"];

const state = mkdtempSync(join(tmpdir(), "crash-"));
let processor: Processor;
let receiver: Fake;
let kafka: Fake;
let server: Child | undefined;
let base = "";
let key = "";
let adminToken = "";
let metricsToken = "";

beforeAll(async () => {
  processor = await startProcessor();
  receiver = await startReceiver();
  kafka = await startKafka();
  ensureDevVars();
  const vars = readDevVars();
  adminToken = vars.ADMIN_TOKEN ?? "";
  metricsToken = vars.METRICS_TOKEN ?? "";
  await migrate(state);
  await start();
  const merchant = await admin("/api/v1/merchants", { name: "Crash" });
  key = String((await admin(`/api/v1/merchants/${merchant.id}/api-keys`, {})).key);
  // Some webhooks fail, so that kills find retries waiting as well. Of some 290, one that fails six times in a row,
  // and is not due again within the limit, is to be all but impossible.
  await post("/api/v1/webhook-endpoints", { url: `${receiver.url}/crash/flaky:10` });
});

afterAll(async () => {
  await kill();
  await Promise.all([processor.close(), receiver.close(), kafka.close()]);
  rmSync(state, { recursive: true, force: true });
});

it("A server that is killed with kill -9 at any moment loses nothing, doubles nothing and leaves nothing stuck", async () => {
  const acknowledged = new Map<string, Transaction>();
  const asked = new Set<string>();
  for (const [round, steps] of KILL_AFTER_STEPS.entries()) {
    await burst(round, steps, acknowledged, asked);
    await start();
  }
  expect(asked.size).toBeGreaterThan(0);

  // Only alarms send the remaining requests to the processor; no client does.
  await until(
    () => [...asked].every((id) => processor.seen.has(id)),
    "every claimed charge is asked for",
  );
  await until(
    async () =>
      (await list("processing")).length === 0 &&
      (await list("pending")).every(({ id }) => !asked.has(id)),
    "no transaction is left processing",
  );
  await until(async () => {
    const page = await get<{ data: Refund[] }>("/api/v1/refunds?status=pending");
    return page.data.length === 0;
  }, "no refund is left pending");

  const book = new Map((await list()).map((transaction) => [transaction.id, transaction]));
  for (const [id, first] of acknowledged) {
    const exact = await get<Transaction>(`/api/v1/transactions/${id}`);
    type Events = { data: { type: string; sequence: number; data: object }[] };
    const { data: events } = await get<Events>(`/api/v1/transactions/${id}/events`);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    const last = events.at(-1);
    // The data of a refund's event is the refund.
    const isRefund = last?.type.startsWith("refund.") === true;
    if (isRefund) expect(last?.data).toMatchObject({ transaction_id: id });
    else expect(last?.data).toEqual(exact);
    expect(book.get(id)).toEqual(exact);
    expect(exact.amount_minor).toBe(first.amount_minor);
    if (exact.version < first.version)
      throw new Error(`${id} went back behind an acknowledged answer`);
  }
  for (const [key, seen] of processor.seen) expect(seen.charges, key).toBe(1);
  for (const [id, payment] of processor.payments) {
    const { done, taken, refunded, violations } = payment;
    expect(violations, id).toEqual([]);
    const captured = done.charge + done.capture > 0 ? "completed" : "authorized";
    expect(book.get(id), id).toMatchObject({
      status: done.charge + done.authorize === 0 ? "failed" : captured,
      amount_captured_minor: taken,
      amount_refunded_minor: refunded,
    });
  }
  const operations = [...processor.payments.values()].map(({ done }) => done);
  expect(operations.some(({ capture }) => capture > 0)).toBe(true);
  expect(operations.some(({ refund }) => refund > 0)).toBe(true);

  const expected = new Set<string>();
  for (const { id, version } of book.values()) {
    for (let sequence = 1; sequence <= version; sequence++) {
      expected.add(`evt_${id.slice("txn_".length)}_${sequence}`);
    }
  }
  await until(async () => {
    const seen = (await (await fetch(`${receiver.url}/crash`)).json()) as Arrival[];
    const delivered = new Set(seen.filter(({ status }) => status === 200).map(({ id }) => id));
    return [...expected].every((id) => delivered.has(id));
  }, "every event has been delivered to the receiver");
  await until(async () => {
    const { records } = (await (await fetch(`${kafka.url}/log`)).json()) as StreamLog;
    const streamed = new Set(records.map(({ value }) => JSON.parse(value).id as string));
    return [...expected].every((id) => streamed.has(id));
  }, "every event is in the stream");
});

it("The exact metrics count what was sent, although the server is killed in between", async () => {
  const before = await scrape();
  const half = async (name: string) => {
    const made = await Promise.all(
      Array.from({ length: COUNTED }, (_, index) =>
        post<Transaction>("/api/v1/transactions", { user_id: name, amount: 5 }, `${name}-${index}`),
      ),
    );
    for (const { id } of made) await post(`/api/v1/transactions/${id}/cancel`);
  };
  await half("first");
  await kill();
  await start();
  await half("second");
  const commands = { "create created": 2 * COUNTED, "cancel cancelled": 2 * COUNTED };
  await until(async () => {
    const now = await scrape();
    const events = growthOf(before, now, "payments_transaction_events_total", "type");
    return events["transaction.cancelled"] === 2 * COUNTED;
  }, "the book has counted all of it");
  const after = await scrape();
  expect(growthOf(before, after, "payments_commands_total", "kind", "outcome")).toEqual(commands);
  expect(growthOf(before, after, "payments_transaction_events_total", "type")).toEqual({
    "transaction.created": 2 * COUNTED,
    "transaction.cancelled": 2 * COUNTED,
  });
  expect(growthOf(before, after, "payments_transactions", "status")).toEqual({
    cancelled: 2 * COUNTED,
  });
});

/** Creates and processes a crowd of transactions and kills the server in the middle of it. */
async function burst(
  round: number,
  steps: number,
  acknowledged: Map<string, Transaction>,
  asked: Set<string>,
): Promise<void> {
  let created = 0;
  const chargesBefore = processor.seen.size;
  const work = Array.from({ length: BURST }, async (_, index) => {
    const step = STEPS[index % STEPS.length] ?? "settle";
    const [isManual, isRefunded] = [index % 3 === 1, index % 3 === 2];
    const metadata = { processor: isManual ? "settle" : step, processor_capture: step };
    const user_id = `user_${round}_${index}`;
    const capture_method = isManual ? "manual" : "automatic";
    const body = { user_id, amount: 10 + index, capture_method, metadata };
    const pending = await post<Transaction>("/api/v1/transactions", body, `${round}-${index}`);
    acknowledged.set(pending.id, pending);
    created += 1;
    const path = `/api/v1/transactions/${pending.id}`;
    const processed = await post<Transaction>(`${path}/process`);
    acknowledged.set(pending.id, processed);
    asked.add(pending.id);
    if (isManual) acknowledged.set(pending.id, await post(`${path}/capture`, { amount: 4 }));
    const refund = { amount: 3, metadata: { processor: step } };
    if (isRefunded) await post(`${path}/refunds`, refund, "refund");
  });
  const done = Promise.allSettled(work);
  await until(
    () => created + processor.seen.size - chargesBefore >= steps,
    "the burst has come so far",
  );
  await kill();
  await done;
  // A claim that was committed, whether or not anybody heard of it, is a charge that has to be made.
  for (const id of [...processor.seen.keys()].filter(isTransactionId)) asked.add(id);
}

async function start(): Promise<void> {
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  const variables = {
    PROCESSOR: "http",
    PROCESSOR_URL: processor.url,
    PROCESSOR_OPERATIONS: "authorize,capture,void,refund",
    PROCESSOR_TIMEOUT_MS: "1500",
    KAFKA_REST_URL: kafka.url,
    LOG_LEVEL: "error",
  };
  const args = [
    ...["dev", "--ip", "127.0.0.1", "--port", String(port), "--persist-to", state],
    ...Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
  ];
  server = startWrangler(args, "ignore");
  await until(async () => (await fetch(`${base}/health`)).ok, "the server is up");
}

/** The whole process group at once: wrangler and its runtimes have no chance to say goodbye. */
async function kill(): Promise<void> {
  await server?.kill();
  server = undefined;
}

async function post<Body>(path: string, body?: object, idempotencyKey?: string): Promise<Body> {
  const response = await fetch(base + path, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${key}`,
      "Content-Type": "application/json",
      ...(idempotencyKey ? { "Idempotency-Key": idempotencyKey } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as Body;
}

async function get<Body>(path: string): Promise<Body> {
  const response = await fetch(base + path, { headers: { Authorization: `Bearer ${key}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as Body;
}

async function scrape(): Promise<Scrape> {
  const headers = { Authorization: `Bearer ${metricsToken}` };
  return parseExposition(await (await fetch(`${base}/metrics`, { headers })).text());
}

async function admin(path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(base + path, {
    method: "POST",
    headers: { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Record<string, unknown>;
}

async function list(status?: string): Promise<Transaction[]> {
  type Page = { data: Transaction[]; has_more: boolean; next_cursor: string };
  const found: Transaction[] = [];
  let cursor = "";
  for (;;) {
    const filter = `${status ? `&status=${status}` : ""}${cursor ? `&cursor=${cursor}` : ""}`;
    const page = await get<Page>(`/api/v1/transactions?limit=100${filter}`);
    found.push(...page.data);
    if (!page.has_more) return found;
    cursor = page.next_cursor;
  }
}

const until = (condition: () => boolean | Promise<boolean>, what: string): Promise<void> =>
  eventually(async () => {
    if (!(await condition())) throw new Error(`it never came true that ${what}`);
  });
