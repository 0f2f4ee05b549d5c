// The least that the requests of the comparison cost on this runtime: `npm run bench -- --peer --bare`. The same
// requests, the same hop to the shard's object and one row for each payment, durable before the response; concurrent
// requests share calls as in the Worker. It has no authentication, checks, idempotency, velocity, rules, events, D1,
// log lines or anything else, so what the Worker takes besides is the price of those.
// This file runs inside workerd and must not depend on how it was started.
import { DurableObject } from "cloudflare:workers";
import { deriveTransactionId, transactionObjectName } from "../../src/domain/identity/id";
import { type ObjectNamespace, type ObjectStub, objectStub } from "../../src/runtime/object-stub";
import { PATH } from "../cases";
import bench from "../worker-entry";

export * from "../worker-entry";

type Call = { kind: "create" | "process" | "get"; id: string; body: string };
type BareRpc = { execute(calls: Call[]): string[] };
type BareEnv = Parameters<typeof bench.fetch>[1];
type Waiting = { call: Call; resolve: (text: string) => void };

/** Far longer than a call takes. Without a timer of its own the runtime takes a request for hung. */
const LIMIT_MS = 10_000;

/** Takes the place of the one that `export *` names. */
export class TransactionShard extends DurableObject {
  constructor(state: DurableObjectState, env: BareEnv) {
    super(state, env);
    state.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS bare (id TEXT PRIMARY KEY, body TEXT, status TEXT) WITHOUT ROWID",
    );
  }

  /** All in one commit. */
  execute(calls: Call[]): string[] {
    return calls.map((call) => this.#executeOne(call));
  }

  #executeOne({ kind, id, body }: Call): string {
    const { sql } = this.ctx.storage;
    if (kind === "create") {
      sql.exec("INSERT INTO bare (id, body, status) VALUES (?, ?, 'pending')", id, body);
      return toJson(id, "pending", body);
    }
    if (kind === "process") sql.exec("UPDATE bare SET status = 'completed' WHERE id = ?", id);
    const row = sql
      .exec<{ body: string; status: string }>("SELECT body, status FROM bare WHERE id = ?", id)
      .one();
    return toJson(id, row.status, row.body);
  }
}

export default {
  ...bench,
  async fetch(request: Request, env: BareEnv, ctx: ExecutionContext): Promise<Response> {
    const path = request.url.slice(request.url.indexOf("/", "http://".length));
    if (!path.startsWith(PATH)) return bench.fetch(request, env, ctx);
    const call = await readCall(request, path);
    const text = await share(call, env, ctx);
    const headers = { "content-type": "application/json" };
    return new Response(text, { status: call.kind === "create" ? 201 : 200, headers });
  },
};

async function readCall(request: Request, path: string): Promise<Call> {
  const [id = "", action] = path.slice(PATH.length + 1).split("/");
  if (request.method === "GET") return { kind: "get", id, body: "" };
  if (action !== undefined) return { kind: "process", id, body: "" };
  const key = request.headers.get("idempotency-key") ?? "";
  const body = JSON.stringify(await request.json());
  return { kind: "create", id: deriveTransactionId("bare", key), body };
}

/** The calls to each object that wait for the next turn of the event loop. */
const waiting = new Map<string, Waiting[]>();

async function share(call: Call, env: BareEnv, ctx: ExecutionContext): Promise<string> {
  const name = transactionObjectName(call.id, Number(env.TRANSACTION_SHARDS));
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(resolve, LIMIT_MS, "");
  const others = waiting.get(name);
  if (others) others.push({ call, resolve });
  else {
    waiting.set(name, [{ call, resolve }]);
    const namespace = env.TRANSACTIONS as unknown as ObjectNamespace<BareRpc>;
    ctx.waitUntil(send(name, objectStub(namespace, name)));
  }
  const text = await promise;
  clearTimeout(timer);
  return text;
}

async function send(name: string, shard: ObjectStub<BareRpc>): Promise<void> {
  await scheduler.wait(0);
  const all = waiting.get(name) ?? [];
  waiting.delete(name);
  const texts = await shard.execute(all.map(({ call }) => call));
  for (const [at, { resolve }] of all.entries()) resolve(texts[at] ?? "");
}

/** @param body a JSON object with members */
function toJson(id: string, status: string, body: string): string {
  return `{"id":"${id}","status":"${status}",${body.slice(1)}`;
}
