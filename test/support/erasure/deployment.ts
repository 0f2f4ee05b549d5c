/** A deployment in memory, as an erasure uses it: two shards with their archives, D1, one merchant's dispatcher and a velocity
 *  object. Every call passes a gate, at which it can fail before or after it has an effect. */
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { appendEvents } from "../../../src/d1/append-events";
import { removeArchived } from "../../../src/d1/transactions/remove-archived";
import {
  deriveTransactionId,
  shardName,
  transactionObjectName,
} from "../../../src/domain/identity/id";
import type { EventRecord } from "../../../src/domain/transaction/event";
import type { CreateRequest } from "../../../src/domain/transaction/idempotency";
import type { ErasureCounts } from "../../../src/erasures/rpc";
import { ErasureState, type Running } from "../../../src/erasures/state";
import { makeStep } from "../../../src/erasures/steps";
import { listArchived } from "../../../src/transactions/archive/list-archived";
import type { Command } from "../../../src/transactions/commands/command";
import { toEraseReply } from "../../../src/transactions/queries";
import {
  type Address,
  type ArchiveErasure,
  type ArchiveQuery,
  archiveUnavailable,
} from "../../../src/transactions/rpc";
import type { ForgottenCustomer, Place } from "../../../src/velocity/rpc";
import { migrateVelocity } from "../../../src/velocity/schema";
import { VelocityCounter } from "../../../src/velocity/velocity-counter";
import { FanOut } from "../../../src/webhooks/fan-out";
import type { ErasedTransaction } from "../../../src/webhooks/rpc";
import { Secrets } from "../../../src/webhooks/store/secrets";
import { ArchivingShard, HOT_MS } from "../archiving-shard";
import { MERCHANT, requestOf, TRACEPARENT } from "../examples";
import { memoryD1, migrate } from "../memory-book";
import { memoryStorage } from "../sqlite";
import * as dispatcher from "../webhook-store";
import { tablesWith, textsIn } from "./scan";
import { linesOf } from "./shard-source";

const SHARDS = 2;
const config = {
  transaction_shards: SHARDS,
  velocity_shards: 1,
  processor_timeout_ms: 1_000,
  books: 1,
};
export const idOf = (key: string) => deriveTransactionId(MERCHANT, key);
const shardOf = (id: string) => transactionObjectName(id, SHARDS);

type Row = Record<string, SQLOutputValue>;

/** What fails: the call with this number, before or after its effect. */
export type Failure = { at: number; when: "before" | "after" };

export class Deployment {
  nowMs: number;
  calls = 0;
  /** Of each step whose payments were all erased before, the first one. */
  readonly erasedBefore: string[] = [];
  failure: Failure | undefined;
  readonly shards = new Map<string, ArchivingShard>();
  readonly #book = new DatabaseSync(":memory:");
  readonly #d1: D1Database;
  readonly #velocity = memoryStorage();
  #counter: VelocityCounter;
  readonly #erasure = memoryStorage();
  state: ErasureState;
  /** The position up to which the dispatcher has the events of each shard. */
  readonly #handedOver = new Map<string, number>();

  constructor(nowMs: number) {
    this.nowMs = nowMs;
    migrate(this.#book);
    dispatcher.resetStore();
    this.#d1 = this.#gated(memoryD1(this.#book));
    migrateVelocity(this.#velocity.sql);
    this.#counter = new VelocityCounter(this.#velocity.sql);
    this.state = this.#openState();
    for (let at = 0; at < SHARDS; at += 1) this.shards.set(shardName(at), this.#openShard(at));
  }

  /** Makes the next step of the erasure. @returns whether it is complete */
  async step(): Promise<boolean> {
    const running = this.state.running();
    if (!running) return true;
    this.nowMs = Math.max(this.nowMs, running.due_at_ms);
    const isLast = await this.#makeStep(running).catch((fault: unknown) => {
      this.state.retry(running.failures + 1, this.nowMs);
      throw fault;
    });
    if (isLast) this.state.complete(this.nowMs);
    return isLast;
  }

  #makeStep(running: Running): Promise<boolean> {
    return makeStep(
      {
        // What the steps use of the bindings.
        env: this.#bindings() as unknown as Parameters<typeof makeStep>[0]["env"],
        config,
        state: this.state,
        waitUntil: () => {},
        onRefused: (id, code) => {
          if (code !== "erased_before") throw new Error(code);
          this.erasedBefore.push(id);
        },
      },
      running,
      this.nowMs,
    );
  }

  /** Begins an erasure. One that is complete before it is forgotten. */
  start(user_id: string): void {
    const id = "era_1";
    if (!this.state.running()) this.#erasure.sql.exec("DROP TABLE IF EXISTS erasure");
    if (!this.state.running()) this.#erasure.sql.exec("DROP TABLE IF EXISTS found_payments");
    if (!this.state.running()) this.#erasure.sql.exec("DROP TABLE IF EXISTS schema_version");
    this.state.start({ id, merchant_id: MERCHANT, user_id, traceparent: null }, this.nowMs);
  }

  /** Ends the objects: nothing in memory survives. */
  restart(): void {
    this.state = this.#openState();
    this.#counter = new VelocityCounter(this.#velocity.sql);
    for (const shard of this.shards.values()) shard.restart();
    dispatcher.restart();
  }

  async create(key: string, fields: Partial<CreateRequest>) {
    const request = requestOf(fields);
    const { user_id, metadata, currency, amount_minor } = request;
    const payment = {
      ...{ transaction_id: idOf(key), merchant_id: MERCHANT, user_id, currency, amount_minor },
      measures: [],
    };
    const subjects = [
      { ...payment, subject: "customer" as const, value: user_id },
      { ...payment, subject: "metadata.email" as const, value: metadata.email ?? "" },
    ];
    const reports = subjects.filter(({ value }) => value !== "");
    this.#counter.observe(
      reports.map((one) => ({ payment: one, requested: [] })),
      this.nowMs,
    );
    return this.execute(key, { kind: "create", idempotency_key: key, request });
  }

  /** Executes a command as a request does. */
  async execute(key: string, command: object) {
    const transaction_id = idOf(key);
    const base = { merchant_id: MERCHANT, transaction_id, traceparent: TRACEPARENT };
    return this.#shard(shardOf(transaction_id)).execute(
      { ...base, ...command } as Command,
      this.nowMs,
    );
  }

  /** Delivers everything to D1 and the dispatcher, and archives what is old enough. */
  async archive(): Promise<void> {
    this.nowMs += 10 * HOT_MS;
    for (const [name, shard] of this.shards) {
      await this.#refresh(name);
      this.handOver(name, this.outstanding(name));
      await shard.archiver.runNow();
    }
  }

  /** The same with an R2 that fails after the data of a segment was written, which then belongs to none. */
  async giveUpArchiving(): Promise<void> {
    for (const { r2 } of this.shards.values()) {
      const { operations } = r2;
      r2.before = (operation) => {
        if (operation === operations + 3) throw new Error("R2 failed");
      };
    }
    await this.archive();
    for (const { r2 } of this.shards.values()) r2.before = () => {};
  }

  /** Events of a shard that the dispatcher does not have, as a call carries them. */
  outstanding(name: string): EventRecord[] {
    const after = this.#handedOver.get(name) ?? 0;
    return structuredClone(this.#shard(name).journal.eventsAfter(after, 10_000, 100_000_000));
  }

  handOver(name: string, events: EventRecord[]): void {
    const { endpoints, deliveries, erasure, storage, commit } = dispatcher;
    const fanOut = new FanOut(endpoints, new Secrets(storage.sql), deliveries, erasure);
    commit(() => {
      for (const event of events) fanOut.addEvent(event, this.nowMs);
    });
    const last = events.at(-1)?.position ?? 0;
    this.#handedOver.set(name, Math.max(last, this.#handedOver.get(name) ?? 0));
  }

  counts(): ErasureCounts {
    const erasure = this.state.find(MERCHANT);
    if (!erasure) throw new Error("no erasure");
    return erasure.counts;
  }

  /** Writes everything to D1. */
  async refreshBook(): Promise<void> {
    for (const name of this.shards.keys()) await this.#refresh(name);
  }

  bookRows(sql: string): Row[] {
    return this.#book.prepare(sql).all() as Row[];
  }

  /** Replaces the rows of a table of D1. */
  setBookRows(table: string, rows: Row[]): void {
    this.#book.exec(`DELETE FROM ${table}`);
    for (const row of rows) {
      const columns = Object.keys(row);
      const places = columns.map(() => "?").join(", ");
      this.#book
        .prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`)
        .run(...Object.values(row));
    }
  }

  /** Every place that has one of the texts. */
  placesWith(texts: readonly string[]): string[] {
    const databases = {
      D1: memoryStorage(this.#book).sql,
      dispatcher: dispatcher.storage.sql,
      velocity: this.#velocity.sql,
      erasure: this.#erasure.sql,
      ...Object.fromEntries([...this.shards].map(([name, { storage }]) => [name, storage.sql])),
    };
    return [
      ...Object.entries(databases).flatMap(([name, sql]) =>
        tablesWith(sql, texts).map((place) => `${name}: ${place}`),
      ),
      ...[...this.shards].flatMap(([name, shard]) =>
        textsIn(linesOf(shard).join("\n"), texts).map((text) => `${name} in R2: ${text}`),
      ),
    ];
  }

  #openState(): ErasureState {
    return new ErasureState(this.#erasure as unknown as DurableObjectStorage); // What it uses of it.
  }

  #openShard(at: number): ArchivingShard {
    const shard = new ArchivingShard();
    shard.shards = SHARDS;
    shard.settledThrough = () =>
      Math.min(
        shard.journal.checkpoints.get("book_delivered_through") ?? 0,
        this.#handedOver.get(shardName(at)) ?? 0,
      );
    shard.removeFromBook = (payments) => removeArchived(this.#d1, payments);
    shard.restart();
    return shard;
  }

  #shard(name: string): ArchivingShard {
    const shard = this.shards.get(name);
    if (!shard) throw new Error(`no ${name}`);
    return shard;
  }

  async #refresh(name: string): Promise<null> {
    const { journal } = this.#shard(name);
    const after = journal.checkpoints.get("book_delivered_through") ?? 0;
    await appendEvents(this.#d1, journal.eventsAfter(after, 200, 100_000_000));
    journal.checkpoints.set("book_delivered_through", journal.lastPosition);
    journal.state.write();
    return null;
  }

  #bindings() {
    const namespace = (methodsOf: (name: string) => object) => ({
      getByName: (name: string) => this.#gated(methodsOf(name)),
    });
    return {
      TRANSACTIONS: namespace((name) => this.#shardMethods(name)),
      WEBHOOKS: namespace(() => ({
        erase: async (erased: ErasedTransaction[]) =>
          dispatcher.commit(() => dispatcher.erasure.erase(erased, this.nowMs)),
      })),
      VELOCITY: namespace(() => ({
        forget: async (customer: ForgottenCustomer, after: Place | null) =>
          this.#counter.forget(customer, after),
      })),
      DB: this.#d1,
    };
  }

  #shardMethods(name: string) {
    const shard = this.#shard(name);
    return {
      refreshBook: () => this.#refresh(name),
      erase: async ({ transaction_id }: Address, user_id: string) => {
        const base = { merchant_id: MERCHANT, transaction_id, traceparent: null };
        const result = await shard.execute({ kind: "erase", ...base, user_id }, this.nowMs);
        return result === "unavailable" ? archiveUnavailable : toEraseReply(result);
      },
      listArchived: async (query: ArchiveQuery) => {
        const { storage, journal, reader } = shard;
        const list = await reader.read((store) => listArchived(storage.sql, journal, store, query));
        return list ?? null;
      },
      eraseArchived: (erasure: ArchiveErasure) => shard.erase(erasure, this.nowMs),
    };
  }

  /** The same object, each of whose methods passes the gate. */
  #gated<Target extends object>(target: Target): Target {
    return new Proxy(target, {
      get: (real, name) => {
        const member = Reflect.get(real, name);
        if (typeof member !== "function") return member;
        if (name === "query") return member; // Of a statement in a batch, which passes as a whole.
        if (name === "prepare" || name === "bind") {
          return (...given: unknown[]) => {
            const statement = Reflect.apply(member, real, given);
            return this.#gated(statement);
          };
        }
        return (...given: unknown[]) => this.#pass(() => Reflect.apply(member, real, given));
      },
    });
  }

  async #pass<Value>(call: () => Promise<Value>): Promise<Value> {
    this.calls += 1;
    const { at, when } = this.failure ?? {};
    const isFailing = at === this.calls;
    if (isFailing && when === "before") throw new Error("the call failed");
    const value = await call();
    if (isFailing) throw new Error("the response was lost");
    return value;
  }
}
