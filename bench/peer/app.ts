// The HTTP side of the peer: create, process and get on Fastify, with the requests and responses of the Worker. It is
// what `npm run bench -- --peer` compares the Worker with, so it is written to be quick. docs/performance.md lists what
// it leaves out.
import { createHash } from "node:crypto";
import Fastify, { type FastifyInstance } from "fastify";
import { charge } from "./processor.ts";
import type { FastStore } from "./redis-store.ts";
import { assess } from "./risk.ts";
import type { Store, Transaction } from "./sql-store.ts";
import { newTransactionId } from "./transaction-id.ts";

/** `amount` is in major units, as JSON has it. */
type CreateBody = {
  user_id: string;
  amount: number;
  currency?: string;
  description?: string;
  metadata?: Record<string, string>;
  webhook_url?: string;
};

type Created = { Body: CreateBody; Headers: { "idempotency-key": string } };
type ById = { Params: { id: string } };

const MINOR_PER_MAJOR = 100;
const CREATE_SCHEMA = {
  headers: {
    type: "object",
    required: ["idempotency-key"],
    properties: { "idempotency-key": { type: "string", minLength: 1, maxLength: 255 } },
  },
  body: {
    type: "object",
    required: ["user_id", "amount"],
    additionalProperties: false,
    properties: {
      user_id: { type: "string", minLength: 1, maxLength: 128 },
      amount: { type: "number", exclusiveMinimum: 0, maximum: 1_000_000_000 },
      currency: { type: "string", pattern: "^[A-Z]{3}$" },
      description: { type: "string", maxLength: 500 },
      metadata: { type: "object", maxProperties: 50, additionalProperties: { type: "string" } },
      webhook_url: { type: "string", maxLength: 2_000 },
    },
  },
} as const;

/** The application on open connections. `max_daily` is the number of payments a customer may make in 24 hours. */
export function buildApp(store: Store, fast: FastStore, max_daily: number): FastifyInstance {
  const app = Fastify();

  app.get("/health", () => ({ status: "healthy" }));

  app.post<Created>(
    "/api/v1/transactions",
    { schema: CREATE_SCHEMA },
    async ({ body, headers }, reply) => {
      const key = headers["idempotency-key"];
      const amount_minor = toMinorUnits(body.amount);
      if (amount_minor === null) return reply.code(400).send({ code: "amount_not_in_minor_units" });
      const request_hash = createHash("sha256").update(JSON.stringify(body)).digest("base64");
      const now = new Date();

      const { earlier, customer_count } = await fast.begin(key, body.user_id, now.getTime());
      if (earlier === "in_progress") return reply.code(409).send({ code: "request_in_progress" });
      if (earlier !== null) {
        if (earlier.request_hash !== request_hash) return reply.code(422).send(KEY_REUSED);
        return reply.code(201).type(JSON_TYPE).header(REPLAYED, "true").send(earlier.body);
      }
      try {
        const risk = assess(amount_minor, customer_count, max_daily);
        const { is_new, row } = await store.insert({
          id: newTransactionId(now.getTime()),
          idempotency_key: key,
          request_hash,
          user_id: body.user_id,
          amount_minor,
          currency: body.currency ?? "USD",
          status: risk.decision === "block" ? "failed" : "pending",
          fraud_score: risk.score,
          reasons: risk.reasons,
          description: body.description ?? null,
          metadata: body.metadata ?? {},
          webhook_url: body.webhook_url ?? null,
          created_at: now,
        });
        if (row.request_hash !== request_hash) return reply.code(422).send(KEY_REUSED);
        const text = JSON.stringify(toJson(row));
        // Not awaited: PostgreSQL's unique key holds without it, and commands of one connection stay in order.
        fast.keepAnswer(key, { request_hash, body: text });
        if (!is_new) reply.header(REPLAYED, "true");
        return reply.code(201).type(JSON_TYPE).send(text);
      } catch (error) {
        fast.release(key);
        throw error;
      }
    },
  );

  app.post<ById>("/api/v1/transactions/:id/process", async ({ params }, reply) => {
    // The claim is a commit of its own, so that no lock or connection is held while the processor works.
    const claimed = await store.claim(params.id);
    if (claimed === undefined) {
      const row = await store.find(params.id);
      if (row === undefined) return reply.code(404).send(NOT_FOUND);
      if (row.status === "processing") return reply.code(202).send(toJson(row));
      return row.version > 1 ? toJson(row) : reply.code(409).send({ code: "illegal_transition" });
    }
    const outcome = await charge(claimed);
    return toJson(await store.recordOutcome(params.id, outcome));
  });

  app.get<ById>("/api/v1/transactions/:id", async ({ params }, reply) => {
    const row = await store.find(params.id);
    return row === undefined ? reply.code(404).send(NOT_FOUND) : toJson(row);
  });

  return app;
}

const JSON_TYPE = "application/json; charset=utf-8";
const REPLAYED = "idempotent-replayed";
const KEY_REUSED = { code: "idempotency_key_reused" };
const NOT_FOUND = { code: "not_found" };

/** Exact: a decimal with two places is the double nearest to its hundredths divided by 100. */
function toMinorUnits(amount: number): number | null {
  const minor = Math.round(amount * MINOR_PER_MAJOR);
  return minor >= 1 && minor / MINOR_PER_MAJOR === amount ? minor : null;
}

function toJson(row: Transaction): object {
  const { reasons, request_hash, created_at, updated_at, ...fields } = row;
  const amount_minor = Number(row.amount_minor);
  return {
    ...fields,
    amount: amount_minor / MINOR_PER_MAJOR,
    amount_minor,
    risk: { decision: row.version === 1 && row.status === "failed" ? "block" : "approve", reasons },
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  };
}
