/** The pauses of a pass of the archive, in which the shard serves requests. */

const LEAST_MS = 4;
const MOST_MS = 100;

/** Resolves when what arrived meanwhile has been served, and as long again after that, and some milliseconds. With longer
 *  pauses archiving is slower and requests wait less; `npm run bench:archived` shows both. */
export async function rest(): Promise<void> {
  const from = Date.now();
  await scheduler.wait(0);
  await scheduler.wait(Math.min(MOST_MS, LEAST_MS + Date.now() - from));
}
