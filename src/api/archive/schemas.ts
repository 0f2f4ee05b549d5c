/** Schemas of the archive's routes. */
import { z } from "@hono/zod-openapi";
import { HasMore } from "../http/common-schemas";

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
