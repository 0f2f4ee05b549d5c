/** The objects of the archive's bucket, as an operator reads them. */
import { ARCHIVE_PREFIX, isArchiveKey } from "../../archive/manifest";
import { withTimeout } from "../../runtime/with-timeout";
import type { AppContext } from "../context";
import { Problem } from "../http/problem";
import { jsonResponse, respond } from "../http/response";

/** For each call of the bucket. */
const BUCKET_LIMIT_MS = 10_000;

/** @throws Problem when the deployment has no bucket */
function archiveBucket(c: AppContext): R2Bucket {
  const { ARCHIVE } = c.env;
  if (ARCHIVE) return ARCHIVE;
  throw new Problem("not_found", { detail: "This deployment has no bucket ARCHIVE." });
}

/** A page of the objects' keys and sizes, in the order of the keys. */
export async function listObjects(c: AppContext, after: string | undefined): Promise<Response> {
  const bucket = archiveBucket(c);
  const { objects, truncated } = await call(
    bucket.list({ prefix: ARCHIVE_PREFIX, ...(after !== undefined && { startAfter: after }) }),
  );
  const data = objects.map(({ key, size }) => ({ key, bytes: size }));
  return jsonResponse(c, 200, { data, has_more: truncated });
}

/** The bytes of an object. */
export async function sendObject(c: AppContext, key: string): Promise<Response> {
  const bucket = archiveBucket(c);
  // The bucket may hold objects that do not belong to the archive.
  const object = isArchiveKey(key) ? await call(bucket.get(key)) : null;
  if (!object) throw new Problem("not_found", { detail: "The archive has no such object." });
  return respond(c, 200, "application/octet-stream", object.body);
}

async function call<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await withTimeout(BUCKET_LIMIT_MS, work);
  } catch {
    throw new Problem("unavailable", { detail: "R2 did not respond. Retry the request." });
  }
}
