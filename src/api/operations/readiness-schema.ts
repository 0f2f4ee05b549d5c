/** What `GET /health/ready` answers with. */
import { z } from "@hono/zod-openapi";

const Dependency = z.enum(["ok", "failing", "hanging"]).openapi("DependencyState", {
  description: "`hanging` when there was no answer within a second.",
});
export type Dependency = z.output<typeof Dependency>;

const ProcessorState = z.enum(["ok", "sandbox", "not_configured"]).openapi("ProcessorState", {
  description:
    "Which processor is set, not whether it answers. `sandbox`: no money moves. `not_configured`: every charge is refused, so payments cannot be taken.",
});

const Outbox = z
  .object({
    depth: z.int().openapi({ description: "Events that have not arrived yet.", example: 0 }),
    oldest_age_ms: z.int().openapi({
      description: "How long the first of them has been waiting. `degraded` when above a minute.",
      example: 0,
    }),
    failing: z.boolean().openapi({
      description: "Whether the last delivery failed; remembered by a restarted object.",
      example: false,
    }),
  })
  .nullable()
  .openapi({ description: "null when it is switched off." });
export type Outbox = z.output<typeof Outbox>;

export const Readiness = z
  .object({
    status: z.enum(["ready", "degraded", "unready"]).openapi("ReadinessStatus"),
    dependencies: z.object({
      book: Dependency,
      transactions: Dependency,
      velocity: Dependency,
      processor: ProcessorState,
    }),
    shard_count: z.enum(["ok", "changed"]).nullable().openapi({
      description:
        "`changed` when TRANSACTION_SHARDS is not what this deployment began with; null when the book does not say.",
      example: "ok",
    }),
    outboxes: z
      .object({ book: Outbox, webhooks: Outbox, velocity: Outbox, stream: Outbox })
      .nullable()
      .openapi({ description: "null when transactions have an object each, or none answers." }),
    charges: z
      .object({
        open: z.int().openapi({ description: "Charges without an outcome.", example: 0 }),
        overdue: z
          .int()
          .openapi({ description: "Those of them open for more than a minute.", example: 0 }),
      })
      .nullable(),
    parked: z.int().nullable().openapi({
      description: "Events that the stream refuses for good. Each is in the log.",
      example: 0,
    }),
    shards: z
      .object({
        asked: z.int().openapi({ example: 16 }),
        answered: z.int().openapi({ example: 16 }),
      })
      .openapi({ description: "How many shards the figures are of." }),
  })
  .openapi("Readiness");
