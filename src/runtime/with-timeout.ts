/** A time limit on waiting. The work itself is not stopped, so it must be harmless when it ends late. */

export class TimeoutError extends Error {
  override readonly name = "TimeLimit";
}

/** The work's result. @throws TimeoutError after `limitMs` */
export async function withTimeout<Value>(limitMs: number, work: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(`no end within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** For work that may continue after its time limit. @throws every other fault */
export function ignoreTimeout(fault: unknown): void {
  if (!(fault instanceof TimeoutError)) throw fault;
}
