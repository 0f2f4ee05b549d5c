/** Whether payments can be taken, and how far everything behind them has come. */
import { z } from "@hono/zod-openapi";
import { ask, databaseOf } from "../database/ask";
import { settings } from "../database/schema";
import type { Backlog } from "../transaction/outbox";
import type { Backlogs, DestinationName } from "../transaction/outboxes";
import { answerJson } from "./answer";
import type { AppContext } from "./context";

/** Readiness is asked often and by machines with limits of their own. */
const CHECK_LIMIT_MS = 1_000;
/** Every shard is asked for its backlog, up to here; beyond, the first ones stand for all. */
const MAX_ASKED = 64;
const DESTINATIONS = [
  "book",
  "webhooks",
  "velocity",
  "stream",
] as const satisfies DestinationName[];

const Dependency = z.enum(["ok", "failing"]);
const Outbox = z
  .object({
    depth: z.int().openapi({ description: "Events that have not arrived yet." }),
    oldest_age_ms: z.int().openapi({ description: "How long the first of them has been waiting." }),
    failing: z.boolean(),
  })
  .nullable()
  .openapi({ description: "null when it is switched off." });
export const Readiness = z
  .object({
    status: z.enum(["ready", "degraded", "unready"]),
    dependencies: z.object({ book: Dependency, transactions: Dependency, velocity: Dependency }),
    outboxes: z
      .object({ book: Outbox, webhooks: Outbox, velocity: Outbox, stream: Outbox })
      .nullable()
      .openapi({ description: "null when transactions have an object each, or none answers." }),
    parked: z
      .int()
      .nullable()
      .openapi({ description: "Events that the stream refuses for good. Each is in the log." }),
    shards: z
      .object({ asked: z.int(), answered: z.int() })
      .openapi({ description: "How many shards the figures are of." }),
  })
  .openapi("Readiness");

export async function ready(c: AppContext): Promise<Response> {
  const { transaction_shards } = c.get("config");
  const names =
    transaction_shards === 0
      ? ["ready"]
      : Array.from({ length: Math.min(transaction_shards, MAX_ASKED) }, (_, at) => `shard-${at}`);
  const [book, velocity, ...shards] = await Promise.all([
    check(databaseOf(c.env.DB).select().from(settings).limit(1)),
    check(c.env.VELOCITY.getByName("velocity-0").ready()),
    ...names.map((name) =>
      // The platform's own type for a stub tears records apart.
      answerOf(c.env.TRANSACTIONS.getByName(name).ready() as unknown as Promise<Backlogs>),
    ),
  ]);
  const answered = shards.filter((backlogs) => backlogs !== undefined);
  const transactions = answered.length === names.length ? "ok" : "failing";
  const isKnown = transaction_shards > 0 && answered.length > 0;
  const outboxes = isKnown ? sums(answered) : null;
  const parked = answered.reduce((sum, backlogs) => sum + backlogs.parked, 0);
  const isBehind = Object.values(outboxes ?? {}).some((outbox) => outbox?.failing);
  const canPay = transactions === "ok" && velocity === "ok";
  const isWell = book === "ok" && !isBehind && parked === 0;
  return answerJson(c, canPay ? 200 : 503, {
    status: !canPay ? "unready" : isWell ? "ready" : "degraded",
    dependencies: { book, transactions, velocity },
    outboxes,
    parked: isKnown ? parked : null,
    shards: { asked: names.length, answered: answered.length },
  });
}

function sums(answered: Backlogs[]) {
  const of = (name: DestinationName) => {
    const own = answered.map((backlogs) => backlogs.of[name]).filter((one) => one !== undefined);
    return own.length === 0 ? null : sum(own);
  };
  return Object.fromEntries(DESTINATIONS.map((name) => [name, of(name)]));
}

function sum(backlogs: Backlog[]): z.output<typeof Outbox> {
  return {
    depth: backlogs.reduce((total, { depth }) => total + depth, 0),
    oldest_age_ms: Math.max(...backlogs.map(({ oldest_age_ms }) => oldest_age_ms)),
    failing: backlogs.some(({ failures }) => failures > 0),
  };
}

async function check(question: PromiseLike<unknown>): Promise<"ok" | "failing"> {
  return ask(question, CHECK_LIMIT_MS).then(
    () => "ok",
    () => "failing",
  );
}

async function answerOf<Value>(question: Promise<Value>): Promise<Value | undefined> {
  return ask(question, CHECK_LIMIT_MS).catch(() => undefined);
}
