/** Waiting that an AbortSignal ends. */

/** The promise's outcome, or a rejection as soon as the signal is aborted, also if what runs ignores the signal. */
export function withSignal<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Waits. @returns false if the signal was aborted before or meanwhile */
export function pause(durationMs: number, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(false);
    const end = (hasPassed: boolean) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      resolve(hasPassed);
    };
    const abort = () => end(false);
    const timer = setTimeout(() => end(true), durationMs);
    signal?.addEventListener("abort", abort);
  });
}
