/** Schema of the response of `GET /health/ready`. */
import { z } from "@hono/zod-openapi";

const Dependency = z.enum(["ok", "failing", "hanging"]).openapi("DependencyState", {
  description: "`hanging`: no response within a second.",
});
export type Dependency = z.output<typeof Dependency>;

const ProcessorState = z
  .enum(["ok", "test", "sandbox", "not_configured"])
  .openapi("ProcessorState", {
    description:
      "The configured processor; its availability is not checked. `sandbox` and `test`: no money moves. `not_configured`: every charge is refused, so payments cannot be processed.",
  });

const Outbox = z
  .object({
    depth: z
      .int()
      .openapi({ description: "Number of events that are not delivered yet.", example: 0 }),
    oldest_age_ms: z.int().openapi({
      description:
        "Age of the oldest undelivered event. The status is `degraded` if it exceeds one minute.",
      example: 0,
    }),
    failing: z.boolean().openapi({
      description: "Whether the last delivery failed.",
      example: false,
    }),
  })
  .nullable()
  .openapi({ description: "Null if this outbox is switched off." });
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
        "`changed`: the setting `TRANSACTION_SHARDS` differs from its initial value. Null if D1 cannot be read.",
      example: "ok",
    }),
    book_count: z.enum(["ok", "reduced"]).nullable().openapi({
      description:
        "`reduced`: the setting `BOOKS` is lower than it was. Null if D1 cannot be read.",
      example: "ok",
    }),
    books: z
      .array(
        z.object({
          book: z.int().openapi({ description: "Number of the book.", example: 1 }),
          state: Dependency,
        }),
      )
      .openapi({
        description:
          "Each D1 database with payments. `dependencies.book` is the worst state among them.",
        example: [{ book: 1, state: "ok" }],
      }),
    outboxes: z
      .object({ book: Outbox, webhooks: Outbox, velocity: Outbox, stream: Outbox })
      .nullable()
      .openapi({ description: "Null if no shard responds, or `TRANSACTION_SHARDS` is 0." }),
    charges: z
      .object({
        open: z.int().openapi({ description: "Number of charges without an outcome.", example: 0 }),
        overdue: z.int().openapi({
          description: "Number of charges without an outcome for more than a minute.",
          example: 0,
        }),
      })
      .nullable(),
    parked: z.int().nullable().openapi({
      description: "Number of events that the stream permanently rejects. Each is in the log.",
      example: 0,
    }),
    shards: z
      .object({
        asked: z.int().openapi({ example: 16 }),
        answered: z.int().openapi({ example: 16 }),
      })
      .openapi({
        description:
          "Number of shards that were queried, and number of shards that responded. The figures cover the shards that responded.",
      }),
  })
  .openapi("Readiness");
