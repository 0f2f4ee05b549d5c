// A limit on how long something is waited for that holds whatever becomes of the thing itself.

/** The time was over. */
export class Late extends Error {}

/**
 * Gives what `work(signal)` gives, and aborts the signal after `limit_ms`. The signal alone would not do: a
 * body whose reading is aborted at the wrong moment is never heard of again (nodejs/node#56917). @throws Late
 */
export async function within<Value>(
  limit_ms: number,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      controller.abort();
      reject(new Late(`It took longer than ${limit_ms} ms.`));
    }, limit_ms);
  });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
