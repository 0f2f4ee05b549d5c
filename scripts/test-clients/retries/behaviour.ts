// What a client that retries does at each failure, in the words of docs/clients.md.
import { type Attempt, FAILURES, type Failure } from "./failing-server.ts";

/** The attempts that the server has seen, and what the caller has: a status, or the name of an error. */
export type Measured = Record<Failure, { attempts: readonly Attempt[]; seen: string }>;

/** Timers may fire a little early. */
const EARLY_MS = 20;

const isStatus = (seen: string) => /^\d{3}$/.test(seen);

function describeOnce(measured: Measured, failure: "429" | "503" | "500" | "lost"): string {
  const { attempts, seen } = measured[failure];
  const [first, second] = attempts;
  if (!first || !second) return isStatus(seen) ? "returned" : `\`${seen}\``;
  if (seen !== "201") return `\`${seen}\` after ${attempts.length} attempts`;
  const { retryAfterS } = FAILURES[failure];
  if (retryAfterS === null) return "repeated";
  const waited_ms = second.at_ms - first.at_ms;
  return waited_ms >= retryAfterS * 1000 - EARLY_MS ? "repeated after it" : "repeated too early";
}

function describeDown({ down: { attempts, seen } }: Measured): string {
  const end = isStatus(seen) ? "returned" : `\`${seen}\``;
  return attempts.length === 1 ? end : `${end} after ${attempts.length} attempts`;
}

/** The cells of the client's row, after its name. */
export function describeBehaviour(measured: Measured): string[] {
  const [limited, unavailable] = [describeOnce(measured, "429"), describeOnce(measured, "503")];
  const both = limited === unavailable ? limited : `429: ${limited}; 503: ${unavailable}`;
  const others = [describeOnce(measured, "500"), describeOnce(measured, "lost")];
  return [both, ...others, describeDown(measured)];
}

/** What docs/clients.md says of every client and does not hold for this one; empty if all of it holds. */
export function findExceptions(measured: Measured): string[] {
  const all = Object.entries(measured);
  const repeated = (["202", "409"] as const).filter(
    (failure) => measured[failure].attempts.length !== 1 || measured[failure].seen !== failure,
  );
  const changed = all.filter(
    ([, { attempts }]) => new Set(attempts.map(({ key, body }) => key + body)).size !== 1,
  );
  return [
    ...repeated.map((failure) => `A ${failure} is not returned at once.`),
    ...changed.map(([failure]) => `At ${failure} the key or the body differs between attempts.`),
  ];
}
