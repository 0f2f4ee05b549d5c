/** The pauses of a pass of the archive, in which the shard serves requests. */

/** After some milliseconds of work. */
const REST_MS = 4;
const MAX_REST_MS = 100;
/** With more, archiving is slower and requests wait less: measured by `npm run bench:archived`. */
const TURNS = 2;

/** Serves what has arrived meanwhile, and then as long again twice, and some more. */
export async function rest(): Promise<void> {
  const from = Date.now();
  await scheduler.wait(0);
  await scheduler.wait(Math.min(MAX_REST_MS, REST_MS + TURNS * (Date.now() - from)));
}
