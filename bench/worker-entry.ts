// The entry module of the benched bundle: the built Worker as it is, and beside it some paths that only
// the benchmarks use. The two baselines run here, in the same isolate and the same process as the Worker,
// because a ratio between two servers would mostly compare two moments of a noisy machine.
// This file runs inside workerd and must not depend on how it was started.
import { STATUS_NUMBERS } from "../src/domain/transaction/stored/status-numbers";
import type { Env } from "../src/env";
import type { DeliveryNotice } from "../src/webhooks/rpc";
import worker, * as built from "../src/worker";
import { type D1Mode, readD1Counts, setD1Mode, switchD1 } from "./entry/d1-switch";

export * from "../src/worker";

/** The bench's own settings stand beside the Worker's bindings. */
type BenchEnv = Env & { BENCH_TOKEN: string; BENCH_D1_SWITCH?: string };

const PREFIX = "/__bench/";

/** The scratch table is made by the migrate call, so that an insert is an insert and no more. */
const SCRATCH_TABLE =
  "CREATE TABLE IF NOT EXISTS bench_scratch (id TEXT PRIMARY KEY, user_id TEXT, amount INTEGER)";
const SCRATCH_INSERT = "INSERT INTO bench_scratch (id, user_id, amount) VALUES (?, ?, ?)";

/** What of the book was created up to a time. */
const BOOK = `SELECT count(*) AS transactions, total(status = ${STATUS_NUMBERS.completed}) AS completed
  FROM listed_transactions WHERE created_at <= ?`;

// The objects that use D1. They take the place of those that `export *` names.
export class TransactionShard extends built.TransactionShard {
  constructor(state: DurableObjectState, env: BenchEnv) {
    super(state, switchD1(env));
  }
}

export class WebhookDispatcher extends built.WebhookDispatcher {
  constructor(state: DurableObjectState, env: BenchEnv) {
    super(state, switchD1(env));
  }
}

export default {
  ...worker,
  async fetch(request: Request, env: BenchEnv, ctx: ExecutionContext): Promise<Response> {
    const pathname = pathOf(request.url);
    if (!pathname.startsWith(PREFIX)) return worker.fetch(request, switchD1(env), ctx);
    if (pathname === "/__bench/hello") return new Response("hello");
    if (pathname === "/__bench/d1") return insert(env.DB);
    if (request.headers.get("authorization") !== `Bearer ${env.BENCH_TOKEN}`) {
      return new Response("forbidden", { status: 403 });
    }
    if (pathname === "/__bench/migrate") return migrate(request, env);
    if (pathname === "/__bench/d1-mode") return changeMode(request);
    if (pathname === "/__bench/d1-counts") return Response.json(readD1Counts());
    if (pathname === "/__bench/book") return readBook(request, env);
    return new Response("not found", { status: 404 });
  },
  queue: (batch: MessageBatch<DeliveryNotice>, env: BenchEnv, ctx: ExecutionContext) =>
    worker.queue(batch, switchD1(env), ctx),
};

/** A slice, not a URL object: the raw hello should not pay for a parser it does not need. */
function pathOf(url: string): string {
  return url.slice(url.indexOf("/", "http://".length));
}

async function insert(db: D1Database): Promise<Response> {
  await db.prepare(SCRATCH_INSERT).bind(crypto.randomUUID(), "user_1", 1050).run();
  return new Response("inserted");
}

/** The body is a list of files, each a list of statements; one file is one transaction. */
async function migrate(request: Request, env: BenchEnv): Promise<Response> {
  const files: string[][] = await request.json();
  for (const statements of [[SCRATCH_TABLE], ...files]) {
    await env.DB.batch(statements.map((statement) => env.DB.prepare(statement)));
  }
  return new Response("migrated");
}

async function changeMode(request: Request): Promise<Response> {
  const { mode, most_ms } = await request.json<{ mode: D1Mode; most_ms: number }>();
  setD1Mode(mode, most_ms);
  return new Response("changed");
}

/** The body is the time up to which, RFC 3339. It is read past the switch. */
async function readBook(request: Request, env: BenchEnv): Promise<Response> {
  const until = await request.text();
  return Response.json(await env.DB.prepare(BOOK).bind(Date.parse(until)).first());
}
