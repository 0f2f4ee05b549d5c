// The entry module of the metered bundle: the built Worker, with everything that is billed counted on its way. Nothing
// of it is in the Worker itself. This file runs inside workerd and must not depend on how it was started.
import { deriveTransactionId, transactionObjectName } from "../../../src/domain/identity/id";
import type { Env } from "../../../src/env";
import type { DeliveryNotice } from "../../../src/webhooks/rpc";
import worker, * as built from "../../../src/worker";
import type { Part } from "../counts";
import { count, meterDatabase, meterStorage, readCounts } from "./meter";

type BenchEnv = Env & { BENCH_TOKEN: string };
type Objects = "TRANSACTIONS" | "VELOCITY" | "WEBHOOKS" | "QUOTAS";
/** Rows that were written, without those of alarms. */
type Swept = { rows: number };

const PREFIX = "/__bench/";
const OBJECTS: Record<Objects, Part> = {
  TRANSACTIONS: "shard",
  VELOCITY: "velocity",
  WEBHOOKS: "dispatcher",
  QUOTAS: "quota",
};
/** More than any sweep needs for what a run stores. */
const SWEEPS_MOST = 200;
/** A sweep that has nothing to delete may write how far it is, or the time. */
const IDLE_ROWS = 2;
/** A piece of a table may have nothing to delete while the next one has. */
const IDLE_SWEEPS = 5;

/** The names of the objects that were called. */
const called = new Map<Objects, Set<string>>();

for (const name of ["log", "info", "warn", "error", "debug"] as const) {
  const real = console[name].bind(console);
  console[name] = (...line: unknown[]) => {
    count("worker", "log_lines");
    real(...line);
  };
}

export class TransactionShard extends built.TransactionShard {
  constructor(state: DurableObjectState, env: BenchEnv) {
    meterStorage(state.storage, "shard");
    super(state, meterEnv(env));
  }
  override async alarm(): Promise<void> {
    count("shard", "alarms");
    await super.alarm();
  }
}

export class VelocityShard extends built.VelocityShard {
  constructor(state: DurableObjectState, env: BenchEnv) {
    meterStorage(state.storage, "velocity");
    super(state, meterEnv(env));
  }
  override async alarm(): Promise<void> {
    count("velocity", "alarms");
    await super.alarm();
  }
  sweep(): Promise<Swept> {
    return runSweeps("velocity", () => super.alarm());
  }
}

export class WebhookDispatcher extends built.WebhookDispatcher {
  constructor(state: DurableObjectState, env: BenchEnv) {
    meterStorage(state.storage, "dispatcher");
    super(state, meterEnv(env));
  }
  override async alarm(): Promise<void> {
    count("dispatcher", "alarms");
    await super.alarm();
  }
  sweep(): Promise<Swept> {
    return runSweeps("dispatcher", () => super.alarm());
  }
}

export class QuotaKeeper extends built.QuotaKeeper {
  constructor(state: DurableObjectState, env: BenchEnv) {
    meterStorage(state.storage, "quota");
    super(state, meterEnv(env));
  }
}

/** No workload erases a customer. */
export { CustomerEraser } from "../../../src/worker";

export default {
  async fetch(request: Request, env: BenchEnv, ctx: ExecutionContext): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith(PREFIX)) {
      count("worker", "requests");
      return worker.fetch(request, meterEnv(env), ctx);
    }
    if (request.headers.get("authorization") !== `Bearer ${env.BENCH_TOKEN}`) {
      return new Response("forbidden", { status: 403 });
    }
    if (pathname === "/__bench/migrate") return migrate(request, env);
    if (pathname === "/__bench/counts") return Response.json(readCounts());
    if (pathname === "/__bench/keys") return Response.json(drawKeys(await request.json()));
    if (pathname === "/__bench/sweep") return sweep(request, env);
    return new Response("not found", { status: 404 });
  },
  async queue(batch: MessageBatch<DeliveryNotice>, env: BenchEnv, ctx: ExecutionContext) {
    count("worker", "requests");
    count("queue", "operations", batch.messages.length);
    const messages = batch.messages.map((message) => ({
      body: message.body,
      ack() {
        count("queue", "operations");
        message.ack();
      },
      retry: (options?: QueueRetryOptions) => message.retry(options),
    }));
    // What the consumer uses of a batch.
    const metered = { queue: batch.queue, messages } as unknown as typeof batch;
    await worker.queue(metered, meterEnv(env), ctx);
  },
};

const metered = new WeakMap<BenchEnv, BenchEnv>();

function meterEnv(env: BenchEnv): BenchEnv {
  const known = metered.get(env);
  if (known) return known;
  const made = {
    ...env,
    DB: meterDatabase(env.DB),
    WEBHOOK_QUEUE: meterQueue(env.WEBHOOK_QUEUE),
    WEBHOOK_DEAD_QUEUE: meterQueue(env.WEBHOOK_DEAD_QUEUE),
    ...Object.fromEntries(
      Object.entries(OBJECTS).map(([name, part]) => [
        name,
        meterObjects(env, name as Objects, part),
      ]),
    ),
  };
  metered.set(env, made);
  return made;
}

function meterQueue(queue: Queue<DeliveryNotice>): Queue<DeliveryNotice> {
  const sendBatch = (messages: Iterable<MessageSendRequest<DeliveryNotice>>) => {
    const sent = [...messages];
    count("queue", "operations", sent.length);
    return queue.sendBatch(sent);
  };
  return { sendBatch } as unknown as typeof queue; // What the Worker uses of it.
}

/** Every method that is called on a stub is a request. */
function meterObjects(env: BenchEnv, name: Objects, part: Part) {
  const names = called.get(name) ?? new Set<string>();
  called.set(name, names);
  const getByName = (objectName: string) => {
    names.add(objectName);
    const stub = env[name].getByName(objectName) as unknown as Record<
      string,
      (...given: unknown[]) => unknown
    >;
    return new Proxy(stub, {
      get:
        (target, method: string) =>
        (...given: unknown[]) => {
          count(part, "requests");
          return target[method]?.(...given);
        },
    });
  };
  return { getByName };
}

/** The body is a list of files, each a list of statements; one file is one transaction. */
async function migrate(request: Request, env: BenchEnv): Promise<Response> {
  const files: string[][] = await request.json();
  for (const statements of files) {
    await env.DB.batch(statements.map((statement) => env.DB.prepare(statement)));
  }
  return new Response("migrated");
}

/** Idempotency keys of a merchant, as many for each shard. */
function drawKeys({
  merchant_id,
  shards,
  per_shard,
}: Record<"shards" | "per_shard", number> & { merchant_id: string }): string[][] {
  const byShard = new Map<string, string[]>();
  const isFull = (keys: string[]) => keys.length === per_shard;
  while (byShard.size < shards || ![...byShard.values()].every(isFull)) {
    const key = crypto.randomUUID();
    const shard = transactionObjectName(deriveTransactionId(merchant_id, key), shards);
    const keys = byShard.get(shard) ?? [];
    byShard.set(shard, keys);
    if (!isFull(keys)) keys.push(key);
  }
  return [...byShard.values()];
}

/** Runs the sweeps of all objects with a clock that is so many days ahead. Only for the end of a run.
 *  The response has the rows by part. */
async function sweep(request: Request, env: BenchEnv): Promise<Response> {
  const { days } = await request.json<{ days: number }>();
  shiftClock(days * 86_400_000);
  const rows = { velocity: 0, dispatcher: 0 };
  for (const name of ["VELOCITY", "WEBHOOKS"] as const) {
    for (const objectName of called.get(name) ?? []) {
      const object = env[name].getByName(objectName) as unknown as { sweep: () => Promise<Swept> };
      rows[name === "VELOCITY" ? "velocity" : "dispatcher"] += (await object.sweep()).rows;
    }
  }
  return Response.json(rows);
}

/** Runs an alarm until it has nothing to delete any more. */
async function runSweeps(part: Part, run: () => Promise<void>): Promise<Swept> {
  let idle = 0;
  let rows = 0;
  for (let round = 0; round < SWEEPS_MOST; round++) {
    const before = readCounts()[part];
    await run();
    const after = readCounts()[part];
    const alarms = after.alarms_set - before.alarms_set;
    const written = after.rows_written - before.rows_written - alarms;
    if (written > IDLE_ROWS) rows += written;
    idle = written <= IDLE_ROWS ? idle + 1 : 0;
    if (idle === IDLE_SWEEPS) return { rows };
  }
  throw new Error("the sweep does not end");
}

function shiftClock(ms: number): void {
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...given: []) {
      if (given.length === 0) super(RealDate.now() + ms);
      else super(...given);
    }
    static override now() {
      return RealDate.now() + ms;
    }
  } as DateConstructor;
}
