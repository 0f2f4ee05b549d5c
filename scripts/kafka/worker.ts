// Runs the Worker under wrangler, with a state folder of its own and a Kafka address to stream to,
// and derives from its API's answers the records that Kafka must contain.
import { randomUUID } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ensureDemo, ensureDevVars, migrate } from "../local/local-deployment.ts";
import { startWrangler } from "../local/wrangler.ts";
import { freePort } from "../processes/free-port.ts";
import { removeAtExit } from "../processes/remove-at-exit.ts";
import { until } from "../processes/wait.ts";
import type { ExpectedEvent, Identity, TopicRecord } from "./verdict.ts";

/** An event as the API shows it. */
export type ApiEvent = { id: string; sequence: number; transaction_id: string; data: object };

/** A CloudEvent as it was read, before anything of it is checked. */
export type ReadCloudEvent = Record<string, unknown>;

type Call = <Answer>(
  method: string,
  path: string,
  body?: object,
  idempotencyKey?: string,
) => Promise<Answer>;

export type Worker = { call: Call; stop(): Promise<void> };

const START_LIMIT_MS = 60_000;
const ASK_LIMIT_MS = 30_000;
const TRANSACTIONS = 100;
const AT_ONCE = 10;
const SEQUENCE_DIGITS = 10;
const CLOUD_EVENT = /^application\/cloudevents\+json\b/i;

/** Starts the Worker with these variables; `call(method, path, body?, key?)` calls its API. */
export async function startWorker(variables: Record<string, string>): Promise<Worker> {
  const state = removeAtExit(mkdtempSync(join(tmpdir(), "kafka-worker-")));
  ensureDevVars(); // With PROCESSOR=sandbox, unless .dev.vars already sets another.
  await migrate(state);
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const vars = Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  const at = ["--ip", "127.0.0.1", "--port", String(port), "--persist-to", state];
  const wrangler = startWrangler(["dev", ...at, ...vars], "ignore");
  const isUp = async () => (await fetch(`${base}/health`)).ok;
  await until(isUp, "the Worker answered", START_LIMIT_MS);
  const { key } = await ensureDemo(base, state);
  const call: Call = async <Answer>(
    method: string,
    path: string,
    body?: object,
    idempotencyKey?: string,
  ) => {
    const response = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body ? { "content-type": "application/json" } : {}),
        ...(idempotencyKey ? { "idempotency-key": idempotencyKey } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(ASK_LIMIT_MS),
    });
    if (response.ok) return (await response.json()) as Answer;
    throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  };
  return { call, stop: wrangler.stop };
}

/** Does `work` for 0 … count-1, some at a time. */
async function each(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/**
 * Creates transactions and processes every other one; gives their ids. `onProgress(share)` is
 * called after each.
 */
export async function transact(
  worker: Worker,
  onProgress: (share: number) => void,
): Promise<string[]> {
  const ids: string[] = [];
  const run = randomUUID();
  await each(TRANSACTIONS, async (index) => {
    // A customer each: a limit on one customer's payments is not what is tested.
    const body = { user_id: `kafka_${index}`, amount: 10 + index, description: "é 漢 💳" };
    const key = `${run}-${index}`;
    const { id } = await worker.call<{ id: string }>("POST", "/transactions", body, key);
    if (index % 2 === 0) await worker.call("POST", `/transactions/${id}/process`);
    ids.push(id);
    onProgress(ids.length / TRANSACTIONS);
  });
  return ids;
}

/** What is wrong with a record of this event, or null. */
export function checkOf(event: ApiEvent): ExpectedEvent<ReadCloudEvent>["check"] {
  const txseq = String(event.sequence).padStart(SEQUENCE_DIGITS, "0");
  return (record, value) => {
    const wanted = { specversion: "1.0", txseq, partitionkey: event.transaction_id };
    for (const [name, want] of Object.entries(wanted)) {
      if (value[name] !== want) return `${name} is ${JSON.stringify(value[name])}`;
    }
    for (const name of ["source", "type"]) {
      if (typeof value[name] !== "string" || value[name] === "") return `it has no ${name}`;
    }
    if (!isDeepStrictEqual(value.data, event.data)) return "its data are not the API's";
    const type = record.headers?.["content-type"];
    return type === undefined || CLOUD_EVENT.test(String(type)) ? null : `content-type: ${type}`;
  };
}

/** What has to be in the topic, by the events that the API returns for these transactions. */
export async function expectedOf(
  worker: Worker,
  ids: string[],
): Promise<Map<string, ExpectedEvent<ReadCloudEvent>>> {
  const expected = new Map<string, ExpectedEvent<ReadCloudEvent>>();
  await each(ids.length, async (index) => {
    const path = `/transactions/${ids[index]}/events`;
    const { data } = await worker.call<{ data: ApiEvent[] }>("GET", path);
    for (const event of data) {
      const { id, sequence, transaction_id } = event;
      expected.set(id, { key: transaction_id, sequence, check: checkOf(event) });
    }
  });
  return expected;
}

/** What a CloudEvent says of itself when it is read back. */
export function identifyCloudEvent(record: TopicRecord): Identity<ReadCloudEvent> {
  const parsed = JSON.parse(record.value.toString()) as ReadCloudEvent;
  return { id: String(parsed.id), sequence: Number(parsed.txseq), parsed };
}
