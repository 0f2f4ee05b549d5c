/** Checks whether payments can be processed, and reads the backlog of each outbox. All checks run concurrently, for at
 *  most a second, so that a hanging dependency is reported and does not delay the response. */
import { waitUntil } from "cloudflare:workers";
import { listBooks } from "../../d1/books/books";
import { findCounts } from "../../d1/merchants";
import { openDatabase } from "../../d1/query";
import { shardName, velocityShardName } from "../../domain/identity/id";
import type { Env } from "../../env";
import { processorMode } from "../../processor/create";
import { SharedResult } from "../../runtime/cache/shared-result";
import { TimeoutError, withTimeout } from "../../runtime/with-timeout";
import { FIRST_BOOK } from "../../settings";
import { transactionShard } from "../../transactions/client";
import type { Backlog, DestinationName, ShardReadiness } from "../../transactions/rpc";
import { velocityShard } from "../../velocity/client";
import type { AppContext } from "../context";
import { jsonResponse } from "../http/response";
import type { Dependency, Outbox } from "./readiness-schema";

/** Monitors request readiness often and have time limits of their own. */
const CHECK_LIMIT_MS = 1_000;
/** With more shards than this, only the first ones are checked. */
const MAX_CHECKED = 64;
/** Normally an event is delivered within a second. One that has waited this long shows a fault, even if its shard has
 *  recorded no failure. */
const MAX_EVENT_AGE_MS = 60_000;
const DESTINATIONS = [
  "book",
  "webhooks",
  "velocity",
  "stream",
] as const satisfies DestinationName[];

/** Requests within this time share a result. */
const MAX_AGE_MS = 1_000;
/** The checks run concurrently, so all of them take hardly longer than the slowest. */
const SHARED_LIMIT_MS = 2 * CHECK_LIMIT_MS;

type Result = { status: 200 | 503; body: object };

/** The shared result of each environment; an isolate has one. */
let shared = new WeakMap<Env, SharedResult<Result>>();

/** Makes the next request run all checks again. */
export function forgetReadiness(): void {
  shared = new WeakMap();
}

/** Responds with a result that is at most a second old, because a check makes 64 calls of each kind and the route needs
 *  no authentication. */
export async function ready(c: AppContext): Promise<Response> {
  const result = shared.get(c.env) ?? new SharedResult<Result>(MAX_AGE_MS, SHARED_LIMIT_MS);
  shared.set(c.env, result);
  const { status, body } = await result.get(() => check(c), Date.now, waitUntil);
  return jsonResponse(c, status, body);
}

type CheckResult<Value> = { state: Dependency; value: Value | undefined };

async function check(c: AppContext): Promise<Result> {
  const { transaction_shards, velocity_shards, books } = c.get("config");
  const names = transaction_shards === 0 ? ["ready"] : listNames(shardName, transaction_shards);
  const [checked, velocity, shards] = await Promise.all([
    Promise.all(
      listBooks(c.env, books).map(({ db }) => checkCall(() => findCounts(openDatabase(db)))),
    ),
    Promise.all(
      listNames(velocityShardName, velocity_shards).map((name) =>
        checkCall(() => velocityShard(c.env, name).ready()),
      ),
    ),
    Promise.all(names.map((name) => checkCall(() => transactionShard(c.env, name).ready()))),
  ]);
  const replies = shards.map(({ value }) => value).filter((value) => value !== undefined);
  const figures = transaction_shards > 0 && replies.length > 0 ? sumFigures(replies) : NO_FIGURES;
  const [directory] = checked;
  const dependencies = {
    book: findWorst(checked),
    transactions: findWorst(shards),
    velocity: findWorst(velocity),
    processor: PROCESSOR_STATES[processorMode(c.get("config"))],
  };
  const kept = directory?.value ?? { books };
  const shardCount = (kept.shards ?? transaction_shards) === transaction_shards ? "ok" : "changed";
  const bookCount = kept.books <= books ? "ok" : "reduced";
  const canPay =
    dependencies.transactions === "ok" &&
    dependencies.velocity === "ok" &&
    dependencies.processor !== "not_configured" &&
    shardCount === "ok" &&
    bookCount === "ok";
  const isWell = dependencies.book === "ok" && !isBehind(figures);
  return {
    status: canPay ? 200 : 503,
    body: {
      status: !canPay ? "unready" : isWell ? "ready" : "degraded",
      dependencies,
      shard_count: directory?.state === "ok" ? shardCount : null,
      book_count: directory?.state === "ok" ? bookCount : null,
      books: checked.map(({ state }, at) => ({ book: FIRST_BOOK + at, state })),
      ...figures,
      shards: { asked: names.length, answered: replies.length },
    },
  };
}

const listNames = (toName: (shard: number) => string, count: number): string[] =>
  Array.from({ length: Math.min(count, MAX_CHECKED) }, (_, at) => toName(at));

/** @param call may throw, fail or hang */
async function checkCall<Value>(call: () => Promise<Value>): Promise<CheckResult<Value>> {
  try {
    return { state: "ok", value: await withTimeout(CHECK_LIMIT_MS, call()) };
  } catch (fault) {
    return { state: fault instanceof TimeoutError ? "hanging" : "failing", value: undefined };
  }
}

/** One shard that does not respond counts for all, because its transactions cannot be reached; so does a book. */
function findWorst(all: CheckResult<unknown>[]): Dependency {
  const states = all.map(({ state }) => state);
  return (
    states.find((state) => state === "hanging") ?? states.find((state) => state !== "ok") ?? "ok"
  );
}

const PROCESSOR_STATES = {
  none: "not_configured",
  sandbox: "sandbox",
  test: "test",
  live: "ok",
} as const;

const NO_FIGURES = { outboxes: null, charges: null, parked: null };

function sumFigures(replies: ShardReadiness[]) {
  const sumOutbox = (name: DestinationName): Outbox => {
    const own = replies.map(({ backlogs }) => backlogs.of[name]).filter((one) => one !== undefined);
    return own.length === 0 ? null : sum(own);
  };
  const total = (figure: (reply: ShardReadiness) => number): number =>
    replies.reduce((subtotal, reply) => subtotal + figure(reply), 0);
  return {
    outboxes: Object.fromEntries(DESTINATIONS.map((name) => [name, sumOutbox(name)])),
    charges: {
      open: total(({ charges }) => charges.open),
      overdue: total(({ charges }) => charges.overdue),
    },
    parked: total(({ backlogs }) => backlogs.parked),
  };
}

function isBehind({
  outboxes,
  charges,
  parked,
}: ReturnType<typeof sumFigures> | typeof NO_FIGURES) {
  const isFailing = Object.values(outboxes ?? {}).some(
    (outbox) => outbox && (outbox.failing || outbox.oldest_age_ms > MAX_EVENT_AGE_MS),
  );
  return isFailing || (charges?.overdue ?? 0) > 0 || (parked ?? 0) > 0;
}

function sum(backlogs: Backlog[]): Outbox {
  return {
    depth: backlogs.reduce((total, { depth }) => total + depth, 0),
    oldest_age_ms: Math.max(...backlogs.map(({ oldest_age_ms }) => oldest_age_ms)),
    failing: backlogs.some(({ failures }) => failures > 0),
  };
}
