// The rules of Idempotency-Key as Stripe's API has them: status and body of the first request are kept once its endpoint has
// begun, a 500 included; validation failures, 401, 409 and 429 are not; other parameters under a key are an error.
import { ApiError, keyInUse, keyReused } from "./errors.ts";

/** How a request ended. */
export type Outcome = { status: number; body: object; isSaved: boolean; isReplayed: boolean };

type Known = { fingerprint: string; at_ms: number; outcome: Outcome | null };

/** Stripe may remove a key after this time. */
const KEPT_MS = 86_400_000;

/** The outcome that an error means. @throws whatever is no error of the API */
export function outcomeOfError(error: unknown): Outcome {
  if (!(error instanceof ApiError)) throw error;
  const { status, members, isSaved } = error;
  return { status, body: { error: members }, isSaved, isReplayed: false };
}

/** The keys of one account. */
export class IdempotencyKeys {
  private readonly known = new Map<string, Known>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  /** Runs `execute` unless the key has an outcome already.
   *  @param fingerprint method, path and parameters of the request */
  async run(key: string, fingerprint: string, execute: () => Promise<Outcome>): Promise<Outcome> {
    const at_ms = this.now();
    const known = this.known.get(key);
    if (known && (known.outcome === null || known.at_ms + KEPT_MS > at_ms)) {
      if (known.fingerprint !== fingerprint) return outcomeOfError(keyReused(key));
      if (known.outcome === null) return outcomeOfError(keyInUse(key));
      return { ...known.outcome, isReplayed: true };
    }
    const own: Known = { fingerprint, at_ms, outcome: null };
    this.known.set(key, own);
    try {
      const outcome = await execute();
      if (outcome.isSaved) own.outcome = structuredClone(outcome);
      return outcome;
    } finally {
      if (own.outcome === null) this.known.delete(key);
    }
  }

  /** Removes every key, as Stripe does after a day. */
  forget(): void {
    for (const [key, { outcome }] of this.known) if (outcome !== null) this.known.delete(key);
  }
}
