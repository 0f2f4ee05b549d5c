/** The pauses of a pass of the archive, in which the shard serves requests. */

const LEAST_MS = 4;
const MOST_MS = 100;
/** With a longer part archiving is slower and requests wait less; `npm run bench:archived` shows both. */
const PART = 1.2;

/** Resolves when what arrived meanwhile has been served, and about as long again after that. */
export async function rest(): Promise<void> {
  const from = Date.now();
  await scheduler.wait(0);
  await scheduler.wait(Math.min(MOST_MS, LEAST_MS + PART * (Date.now() - from)));
}
