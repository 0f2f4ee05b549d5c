/** The pauses of a pass of the archive, in which the shard serves requests. */

const LEAST_MS = 4;
const MOST_MS = 100;
/** With more, archiving is slower and requests wait less; `npm run bench:archived` shows both. */
const TURNS = 2;

/** Resolves when what arrived meanwhile has been served, and some time after that, which is longer on a busy shard. */
export async function rest(): Promise<void> {
  const from = Date.now();
  await scheduler.wait(0);
  await scheduler.wait(Math.min(MOST_MS, LEAST_MS + TURNS * (Date.now() - from)));
}
