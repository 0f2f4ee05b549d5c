// The account: every object of it, the clock, and the events that changes cause.
import { randomOf } from "../../plan/random.ts";
import { missing } from "../http/errors.ts";
import {
  type AnyObject,
  API_VERSION,
  type Event,
  type Kind,
  type OfKind,
  PREFIXES,
} from "./objects.ts";

const ID_SYMBOLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 22;

/** What caused a change: the request id and its idempotency key. */
export type Cause = { id: string | null; idempotency_key: string | null };

export type AccountOptions = {
  seed: string;
  livemode: boolean;
  /** Called with each event, once. */
  onEvent(event: Event): void;
};

/** All state of the stand-in but the idempotency keys. It outlives a restart of the server. */
export class Account {
  /** Where customers authenticate: the server's own address. */
  base_url = "";
  /** How long after its creation a payment is found by a search. */
  search_delay_ms = 0;
  /** After which time what changes later does so: refunds that fail, payments that are being processed. Null: by a
   *  control call only. */
  later_ms: number | null = 1_000;
  cause: Cause = { id: null, idempotency_key: null };
  readonly livemode: boolean;
  private ahead_ms = 0;
  private readonly objects = new Map<string, AnyObject>();
  private readonly made = new Map<string, number>();
  private readonly random;
  private readonly onEvent;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor({ seed, livemode, onEvent }: AccountOptions) {
    this.random = randomOf(seed, "stripe", "ids");
    this.livemode = livemode;
    this.onEvent = onEvent;
  }

  now_ms(): number {
    return Date.now() + this.ahead_ms;
  }

  /** Whole seconds, as in `created`. */
  now(): number {
    return Math.floor(this.now_ms() / 1_000);
  }

  advance(ms: number): void {
    this.ahead_ms += ms;
  }

  /** Letters only, so that no id can pass for a card number. */
  token(prefix: string): string {
    const symbols = Array.from({ length: ID_LENGTH }, () => this.random.pick([...ID_SYMBOLS]));
    return `${prefix}_${symbols.join("")}`;
  }

  newId(kind: Kind): string {
    return this.token(PREFIXES[kind]);
  }

  add<Type extends AnyObject>(object: Type): Type {
    this.objects.set(object.id, object);
    this.made.set(object.id, this.now_ms());
    return object;
  }

  remove(id: string): void {
    this.objects.delete(id);
  }

  find(id: string): AnyObject | undefined {
    return this.objects.get(id);
  }

  /** @throws resource_missing */
  get<Name extends Kind>(kind: Name, id: string, param = "id"): OfKind<Name> {
    const found = this.objects.get(id);
    if (found?.object !== kind) throw missing(kind, id, param, param === "id" ? 404 : 400);
    return found as OfKind<Name>; // Its kind has just been compared.
  }

  /** Those of a kind, newest first. */
  all<Name extends Kind>(kind: Name): OfKind<Name>[] {
    const found = [...this.objects.values()].filter((one) => one.object === kind);
    return found.reverse() as OfKind<Name>[]; // As filtered.
  }

  /** Whether a search finds it yet. */
  isIndexed(id: string): boolean {
    return (this.made.get(id) ?? 0) + this.search_delay_ms <= this.now_ms();
  }

  /** Records that something has happened to `object`, as it is now. */
  emit(type: string, object: AnyObject): void {
    const event: Event = {
      id: this.newId("event"),
      object: "event",
      api_version: API_VERSION,
      created: this.now(),
      data: { object: structuredClone(object) },
      livemode: this.livemode,
      pending_webhooks: 1,
      request: { ...this.cause },
      type,
    };
    this.onEvent(this.add(event));
  }

  /** Runs `change` after `later_ms`, as a change that no request has caused. */
  later(change: () => void): void {
    if (this.later_ms === null) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.cause = { id: null, idempotency_key: null };
      change();
    }, this.later_ms);
    this.timers.add(timer);
  }

  /** How many changes come later. */
  upcoming(): number {
    return this.timers.size;
  }

  /** Ends what would change later. */
  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }
}
