// The entry module of the benched bundle: the built Worker as it is, and beside it three paths
// that only the benchmark uses. The two baselines run here, in the same isolate and the same process
// as the Worker, because a ratio between two servers would mostly compare two moments of a noisy
// machine. This file runs inside workerd and must not depend on how it was started.
import type { Env } from "../src/env";
import worker from "../src/worker";

export * from "../src/worker";

/** The bench's own secret stands beside the Worker's bindings. */
type BenchEnv = Env & { BENCH_TOKEN: string };

const PREFIX = "/__bench/";

/** The scratch table is made by the migrate call, so that an insert is an insert and no more. */
const SCRATCH_TABLE =
  "CREATE TABLE IF NOT EXISTS bench_scratch (id TEXT PRIMARY KEY, user_id TEXT, amount INTEGER)";
const SCRATCH_INSERT = "INSERT INTO bench_scratch (id, user_id, amount) VALUES (?, ?, ?)";

export default {
  ...worker,
  async fetch(request: Request, env: BenchEnv, ctx: ExecutionContext): Promise<Response> {
    const pathname = pathOf(request.url);
    if (!pathname.startsWith(PREFIX)) return worker.fetch(request, env, ctx);
    if (pathname === "/__bench/hello") return new Response("hello");
    if (pathname === "/__bench/d1") return insert(env.DB);
    if (pathname === "/__bench/migrate") return migrate(request, env);
    return new Response("not found", { status: 404 });
  },
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
  if (request.headers.get("authorization") !== `Bearer ${env.BENCH_TOKEN}`) {
    return new Response("forbidden", { status: 403 });
  }
  const files: string[][] = await request.json();
  for (const statements of [[SCRATCH_TABLE], ...files]) {
    await env.DB.batch(statements.map((statement) => env.DB.prepare(statement)));
  }
  return new Response("migrated");
}
