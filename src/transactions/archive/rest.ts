/** The pauses of a pass of the archive, in which the shard serves requests. */

/** Between two blocks, each of which takes some milliseconds. */
const REST_MS = 4;
const MAX_REST_MS = 100;

/** Gives requests as much time as they take, and some more, before the next block is built. */
export async function rest(): Promise<void> {
  const from = Date.now();
  await scheduler.wait(0);
  await scheduler.wait(Math.min(MAX_REST_MS, REST_MS + 4 * (Date.now() - from)));
}
