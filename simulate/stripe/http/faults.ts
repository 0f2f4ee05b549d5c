// What goes wrong with a request: by shares and a seed, or as control calls have said. Pure, but for what is left of the
// scripted faults.
import { randomOf } from "../../plan/random.ts";

/** `lost`: carried out, and the connection is cut. `cut`: the connection is cut before anything is done. `hang`: nothing is
 *  done or answered. `rate_limited`: 429. `lock_timeout`: 429 of a busy object. `conflict`: 409, as if the key were in use.
 *  `failed`: 500, nothing done. `failed_done`: 500, although it is carried out. `slow`: carried out late, and the key is in
 *  use meanwhile. `unavailable`: 503 before the endpoint begins. */
export const FAULTS = [
  "lost",
  "cut",
  "hang",
  "rate_limited",
  "lock_timeout",
  "conflict",
  "failed",
  "failed_done",
  "slow",
  "unavailable",
] as const;
export type Fault = (typeof FAULTS)[number];

/** How many of 1 requests have each fault. */
export type FaultShares = Partial<Record<Fault, number>>;

/** A fault of the next `times` requests whose text (method, path, body) contains `match`. */
export type ScriptedFault = { match: string; fault: Fault; times: number };

type Asked = { method: string; path: string; body: string; key: string };

export class Faults {
  shares: FaultShares = {};
  private scripted: ScriptedFault[] = [];
  private readonly asked = new Map<string, number>();
  private readonly seed: string;

  constructor(seed: string) {
    this.seed = seed;
  }

  script(fault: ScriptedFault): void {
    this.scripted.push({ ...fault });
  }

  clear(): void {
    this.scripted = [];
    this.shares = {};
  }

  /** The fault of this request, if it has one. The same seed gives the same fault to the same attempt of a key. */
  next({ method, path, body, key }: Asked): Fault | null {
    const text = `${method} ${path} ${body}`;
    const found = this.scripted.find(({ match, times }) => times > 0 && text.includes(match));
    if (found) {
      found.times--;
      return found.fault;
    }
    const name = `${method} ${path} ${key}`;
    const attempt = (this.asked.get(name) ?? 0) + 1;
    this.asked.set(name, attempt);
    let drawn = randomOf(this.seed, name, attempt).unit();
    for (const [fault, share] of Object.entries(this.shares)) {
      drawn -= share;
      if (drawn < 0) return fault as Fault; // The names of the shares are faults.
    }
    return null;
  }
}
