/** Whether payments can be taken, and how far everything behind them has come. Everybody is asked at once and
 *  for a second at most, so that whoever hangs is named and does not hang the answer. */
import { waitUntil } from "cloudflare:workers";
import { findShardCount } from "../../d1/merchants";
import { openDatabase } from "../../d1/query";
import { shardName, velocityShardName } from "../../domain/identity/id";
import type { Env } from "../../env";
import { processorMode } from "../../processor/create";
import { SharedResult } from "../../runtime/shared-result";
import { TimeoutError, withTimeout } from "../../runtime/with-timeout";
import { transactionShard } from "../../transactions/client";
import type { Backlog, DestinationName, ShardReadiness } from "../../transactions/rpc";
import { velocityShard } from "../../velocity/client";
import type { AppContext } from "../context";
import { jsonResponse } from "../http/response";
import type { Dependency, Outbox } from "./readiness-schema";

/** Readiness is asked often and by machines with limits of their own. */
const CHECK_LIMIT_MS = 1_000;
/** Every shard is asked, up to here; beyond, the first ones stand for all. */
const MAX_ASKED = 64;
/** When all is well an event arrives within a second. One that has waited so long says that something is
 *  wrong, whatever its shard remembers of failures. */
const MAX_EVENT_AGE_MS = 60_000;
const DESTINATIONS = [
  "book",
  "webhooks",
  "velocity",
  "stream",
] as const satisfies DestinationName[];

/** A result is shared for so long: whoever asks more often is told the same again. */
const MAX_AGE_MS = 1_000;
/** All checks together take hardly longer than the longest. */
const SHARED_LIMIT_MS = 2 * CHECK_LIMIT_MS;

type Shown = { status: 200 | 503; body: object };

/** By the environment that is asked about, of which an isolate has one. */
let shared = new WeakMap<Env, SharedResult<Shown>>();

/** Has the next request check everything again. */
export function forgetReadiness(): void {
  shared = new WeakMap();
}

/** Answers with a result that was made a second ago at most; it costs 64 calls of each kind and is open to everyone. */
export async function ready(c: AppContext): Promise<Response> {
  const result = shared.get(c.env) ?? new SharedResult<Shown>(MAX_AGE_MS, SHARED_LIMIT_MS);
  shared.set(c.env, result);
  const { status, body } = await result.get(() => check(c), Date.now, waitUntil);
  return jsonResponse(c, status, body);
}

type Asked<Value> = { state: Dependency; value: Value | undefined };

async function check(c: AppContext): Promise<Shown> {
  const { transaction_shards, velocity_shards } = c.get("config");
  const names = transaction_shards === 0 ? ["ready"] : namesOf(shardName, transaction_shards);
  const [book, velocity, shards] = await Promise.all([
    asked(() => findShardCount(openDatabase(c.env.DB))),
    Promise.all(
      namesOf(velocityShardName, velocity_shards).map((name) =>
        asked(() => velocityShard(c.env, name).ready()),
      ),
    ),
    Promise.all(names.map((name) => asked(() => transactionShard(c.env, name).ready()))),
  ]);
  const answers = shards.map(({ value }) => value).filter((value) => value !== undefined);
  const figures = transaction_shards > 0 && answers.length > 0 ? figuresOf(answers) : NO_FIGURES;
  const dependencies = {
    book: book.state,
    transactions: worstOf(shards),
    velocity: worstOf(velocity),
    processor: PROCESSOR_STATES[processorMode(c.get("config"))],
  };
  const kept = book.value ?? transaction_shards;
  const shardCount = kept === transaction_shards ? "ok" : "changed";
  const canPay =
    dependencies.transactions === "ok" &&
    dependencies.velocity === "ok" &&
    dependencies.processor !== "not_configured" &&
    shardCount === "ok";
  const isWell = book.state === "ok" && !isBehind(figures);
  return {
    status: canPay ? 200 : 503,
    body: {
      status: !canPay ? "unready" : isWell ? "ready" : "degraded",
      dependencies,
      shard_count: book.state === "ok" ? shardCount : null,
      ...figures,
      shards: { asked: names.length, answered: answers.length },
    },
  };
}

const namesOf = (nameOf: (shard: number) => string, count: number): string[] =>
  Array.from({ length: Math.min(count, MAX_ASKED) }, (_, at) => nameOf(at));

/** @param question may throw, fail or hang */
async function asked<Value>(question: () => Promise<Value>): Promise<Asked<Value>> {
  try {
    return { state: "ok", value: await withTimeout(CHECK_LIMIT_MS, question()) };
  } catch (fault) {
    return { state: fault instanceof TimeoutError ? "hanging" : "failing", value: undefined };
  }
}

/** One of many that does not answer is as bad as all: its transactions cannot be reached. */
function worstOf(all: Asked<unknown>[]): Dependency {
  const states = all.map(({ state }) => state);
  return (
    states.find((state) => state === "hanging") ?? states.find((state) => state !== "ok") ?? "ok"
  );
}

const PROCESSOR_STATES = { none: "not_configured", sandbox: "sandbox", live: "ok" } as const;

const NO_FIGURES = { outboxes: null, charges: null, parked: null };

function figuresOf(answers: ShardReadiness[]) {
  const outboxOf = (name: DestinationName): Outbox => {
    const own = answers.map(({ backlogs }) => backlogs.of[name]).filter((one) => one !== undefined);
    return own.length === 0 ? null : sum(own);
  };
  const total = (figure: (answer: ShardReadiness) => number): number =>
    answers.reduce((subtotal, answer) => subtotal + figure(answer), 0);
  return {
    outboxes: Object.fromEntries(DESTINATIONS.map((name) => [name, outboxOf(name)])),
    charges: {
      open: total(({ charges }) => charges.open),
      overdue: total(({ charges }) => charges.overdue),
    },
    parked: total(({ backlogs }) => backlogs.parked),
  };
}

function isBehind({ outboxes, charges, parked }: ReturnType<typeof figuresOf> | typeof NO_FIGURES) {
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
