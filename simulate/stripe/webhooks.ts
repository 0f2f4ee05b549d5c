// Delivers events as Stripe does: signed, again until they are accepted, and sometimes late, twice or out of order.
import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { randomOf } from "../plan/random.ts";
import type { Event } from "./account/objects.ts";

/** Where events are sent, and the secret that signs them. */
export type WebhookTarget = { url: string; secret: string };

export type WebhookManner = {
  seed: string;
  /** How many of 1 events come twice. */
  twice: number;
  /** How many of 1 deliveries wait up to `late_ms` first, which others overtake. */
  late: number;
  late_ms: number;
  /** The delay before the second attempt; it doubles. */
  retry_ms: number;
};

export const PROMPT: WebhookManner = { seed: "1", twice: 0, late: 0, late_ms: 0, retry_ms: 500 };

const ATTEMPTS_MAX = 20;
const RETRY_MS_MAX = 5_000;
const TIMEOUT_MS = 10_000;

/** The value of `Stripe-Signature`. @param at_s seconds since 1970 */
export function signatureHeader(body: string, secret: string, at_s: number): string {
  const v1 = createHmac("sha256", secret).update(`${at_s}.${body}`).digest("hex");
  return `t=${at_s},v1=${v1}`;
}

export class Webhooks {
  target: WebhookTarget | null = null;
  manner: WebhookManner = PROMPT;
  /** The responses to each event's attempts, by its id; 0 for none. */
  readonly attempts = new Map<string, number[]>();
  /** How many deliveries have not been accepted yet. */
  pending = 0;
  private readonly end = new AbortController();

  /** Begins to deliver an event; nothing without a target. */
  send(event: Event): void {
    if (!this.target) return;
    const random = randomOf(this.manner.seed, "webhook", event.id);
    const copies = random.chance(this.manner.twice) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const late_ms = random.chance(this.manner.late) ? random.whole(0, this.manner.late_ms) : 0;
      this.pending++;
      this.deliver(event, late_ms)
        .catch(() => {}) // Closed meanwhile.
        .finally(() => this.pending--);
    }
  }

  close(): void {
    this.end.abort();
  }

  private async deliver(event: Event, late_ms: number): Promise<void> {
    const signal = this.end.signal;
    await sleep(late_ms, undefined, { signal });
    const body = JSON.stringify(event, null, 2);
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const status = await this.attempt(body);
      const known = this.attempts.get(event.id) ?? [];
      this.attempts.set(event.id, [...known, status]);
      if (status >= 200 && status < 300) return;
      const pause_ms = Math.min(RETRY_MS_MAX, this.manner.retry_ms * 2 ** attempt);
      await sleep(pause_ms, undefined, { signal });
    }
  }

  /** The response's status; 0 when there was none. */
  private async attempt(body: string): Promise<number> {
    const { target } = this;
    if (!target) return 0;
    const at_s = Math.floor(Date.now() / 1_000);
    const headers = {
      "content-type": "application/json; charset=utf-8",
      "stripe-signature": signatureHeader(body, target.secret, at_s),
    };
    const signal = AbortSignal.any([this.end.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    try {
      const response = await fetch(target.url, { method: "POST", headers, body, signal });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    }
  }
}
