/** Schemas of the archive's routes. */
import { z } from "@hono/zod-openapi";
import { HasMore, Time } from "../http/common-schemas";

/** As many shards as a deployment can have. */
const MAX_SHARD = 4_095;
const MAX_SEGMENT = 99_999_999;
const numberOf = (message: string, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .pipe(z.number().max(most, message));

export const SegmentQuery = z.strictObject({
  shard: numberOf(`must be a whole number from 0 to ${MAX_SHARD}`, MAX_SHARD).default(0).openapi({
    type: "integer",
    minimum: 0,
    maximum: MAX_SHARD,
    default: 0,
    description: "Number of the shard, below `TRANSACTION_SHARDS`.",
    example: 0,
  }),
  after: numberOf(`must be a whole number from 0 to ${MAX_SEGMENT}`, MAX_SEGMENT)
    .default(0)
    .openapi({
      type: "integer",
      minimum: 0,
      maximum: MAX_SEGMENT,
      default: 0,
      description: "The last `number` of the previous page.",
      example: 0,
    }),
});

const Segment = z
  .object({
    number: z.int().openapi({ description: "Counts the shard's segments from 1.", example: 12 }),
    hash: z.string().openapi({
      description: "SHA-256 of the segment's manifest, in hex.",
      example: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    }),
    payments: z.int().openapi({ example: 1024 }),
    bytes: z.int().openapi({ description: "Of the segment's data.", example: 140_532 }),
    first_created_at: Time,
    last_created_at: Time,
  })
  .openapi("ArchiveSegment");

export const ArchiveSegmentList = z
  .object({
    data: z.array(Segment),
    transaction_shards: z
      .int()
      .openapi({ description: "How many shards the deployment has.", example: 16 }),
  })
  .openapi("ArchiveSegmentList");

const EXAMPLE_KEY = "segments/shard-0/00000012-0123456789abcdef.ndjson.gz";
const MAX_KEY_CHARACTERS = 200;

export const ObjectQuery = z.strictObject({
  after: z
    .string()
    .max(MAX_KEY_CHARACTERS, `must have at most ${MAX_KEY_CHARACTERS} characters`)
    .optional()
    .openapi({ description: "The last `key` of the previous page.", example: EXAMPLE_KEY }),
});

export const ObjectParams = z.object({
  key: z.string().openapi({ description: "Key of the object.", example: EXAMPLE_KEY }),
});

const ArchiveObject = z
  .object({
    key: z.string().openapi({ example: EXAMPLE_KEY }),
    bytes: z.int().openapi({ example: 140_532 }),
  })
  .openapi("ArchiveObject");

export const ArchiveObjectList = z
  .object({ data: z.array(ArchiveObject), has_more: HasMore })
  .openapi("ArchiveObjectList");

const MAX_DAYS = 365;
export const RestoreBody = z
  .strictObject({
    shard: z
      .int("must be a whole number")
      .min(0, "must not be negative")
      .max(MAX_SHARD, `must be at most ${MAX_SHARD}`)
      .openapi({ description: "Number of the shard.", example: 3 }),
    number: z
      .int("must be a whole number")
      .min(1, "must be at least 1")
      .max(MAX_SEGMENT, `must be at most ${MAX_SEGMENT}`)
      .openapi({ description: "Number of the segment.", example: 12 }),
    days: z
      .int("must be a whole number of days")
      .min(1, "must be at least 1")
      .max(MAX_DAYS, `must be at most ${MAX_DAYS}`)
      .default(30)
      .openapi({ description: "How long its payments are not archived again.", example: 30 }),
  })
  .openapi("RestoreSegment");

export const RestoredSegment = z
  .object({
    payments: z.int().openapi({
      description: "How many payments were put back. Those that are back already do not count.",
      example: 1024,
    }),
  })
  .openapi("RestoredSegment");
