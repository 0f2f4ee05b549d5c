/** What `GET /health/ready` answers with. */
import { z } from "@hono/zod-openapi";

const Dependency = z
  .enum(["ok", "failing", "hanging"])
  .openapi({ description: "`hanging` when there was no answer within a second." });
export type Dependency = z.output<typeof Dependency>;

const ProcessorState = z.enum(["ok", "sandbox", "not_configured"]).openapi({
  description:
    "Which processor is set, not whether it answers. `sandbox`: no money moves. `not_configured`: every charge is refused, so payments cannot be taken.",
});

const Outbox = z
  .object({
    depth: z.int().openapi({ description: "Events that have not arrived yet." }),
    oldest_age_ms: z.int().openapi({
      description: "How long the first of them has been waiting. `degraded` when above a minute.",
    }),
    failing: z.boolean().openapi({
      description: "Whether the last delivery failed; remembered by a restarted object.",
    }),
  })
  .nullable()
  .openapi({ description: "null when it is switched off." });
export type Outbox = z.output<typeof Outbox>;

export const Readiness = z
  .object({
    status: z.enum(["ready", "degraded", "unready"]),
    dependencies: z.object({
      book: Dependency,
      transactions: Dependency,
      velocity: Dependency,
      processor: ProcessorState,
    }),
    shard_count: z.enum(["ok", "changed"]).nullable().openapi({
      description:
        "`changed` when TRANSACTION_SHARDS is not what this deployment began with; null when the book does not say.",
    }),
    outboxes: z
      .object({ book: Outbox, webhooks: Outbox, velocity: Outbox, stream: Outbox })
      .nullable()
      .openapi({ description: "null when transactions have an object each, or none answers." }),
    charges: z
      .object({
        open: z.int().openapi({ description: "Charges without an outcome." }),
        overdue: z.int().openapi({ description: "Those of them open for more than a minute." }),
      })
      .nullable(),
    parked: z
      .int()
      .nullable()
      .openapi({ description: "Events that the stream refuses for good. Each is in the log." }),
    shards: z
      .object({ asked: z.int(), answered: z.int() })
      .openapi({ description: "How many shards the figures are of." }),
  })
  .openapi("Readiness");
