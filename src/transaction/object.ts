/** TransactionShard: the one serial owner of the transactions that live here. This is its face to the
 *  Worker, its rounds and its alarm; what a command does is in `command.ts`. */
import { DurableObject } from "cloudflare:workers";
import { type Config, configOf, type Env } from "../config";
import { writeBook } from "../database/book";
import type { EventRecord } from "../domain/event";
import type { Refusal } from "../domain/refusal";
import type { CreateCommand } from "../domain/transaction";
import { processorOf } from "../processor/choose";
import type { ChargeAnswer } from "../processor/processor";
import { faultOf, type Log, logFrom } from "../telemetry/log";
import { Charges } from "./charge";
import { type Answer, type Command, execute } from "./command";
import { Journal } from "./journal";
import { Outbox } from "./outbox";
import { type Round, Rounds, type Settled } from "./rounds";
import { type Gathered, gatherSignals } from "./signals";
import { nextWakeAtMs, SAFETY_MS } from "./wake";

/** Charges that one alarm takes up again; the rest follow with the next, a second later. */
const RESUMED_CHARGES = 100;

/** Long enough for a quick processor's outcome to share the claim's write, too short to be noticed in a list. */
const UNAWAITED_DRAIN_MS = 50;

/** What the Worker is told. `body` is the transaction's JSON text; `pending` means its outcome is not known yet. */
export type Reply =
  | { ok: true; body: string; replayed: boolean; pending: boolean; retry_at_ms: number }
  | { ok: false; refusal: Refusal };

/** An answer, and whether the book has it: settled once for the whole round. */
type Booked = { answer: Answer; booked: Promise<boolean> | undefined };

/** A key of one merchant's transaction, and the shard count by which the Worker found this object. */
export type Address = { merchant_id: string; transaction_id: string; shards: number };

export class TransactionShard extends DurableObject<Env> {
  readonly #config: Config;
  readonly #log: Log;
  readonly #journal: Journal;
  readonly #book: Outbox;
  readonly #charges: Charges;
  readonly #rounds: Rounds<Command, Booked>;
  #shards: number | undefined;
  #isDrainPlanned = false;
  #alarmAtMs = Number.POSITIVE_INFINITY;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#config = configOf(env);
    this.#log = logFrom(this.#config.log_level);
    this.#journal = new Journal(state.storage.sql);
    this.#shards = this.#journal.mark("transaction_shards");
    this.#book = new Outbox(
      this.#journal,
      "book_delivered_through",
      this.#config.book_commit_wait_ms,
      (events) => writeBook(this.env.DB, events),
      (fault, rows, failures) =>
        this.#log("error", "book.failed", { rows, failures, fault: faultOf(fault) }),
    );
    this.#charges = new Charges(
      processorOf(this.#config),
      this.#config.processor_timeout_ms,
      (transactionId, answer, attempt) => this.#record(transactionId, answer, attempt),
    );
    this.#rounds = new Rounds((commands) => this.#play(commands));
    state.blockConcurrencyWhile(async () => {
      this.#alarmAtMs = (await state.storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
    });
  }

  /** Creates a transaction, or answers as the first create under this key was answered. */
  async create(address: Address, command: CreateCommand): Promise<Reply> {
    const { transaction_id } = address;
    return this.#tell(address, { kind: "create", transaction_id, ...command });
  }

  /** Charges a transaction once. Concurrent calls share one charge and its answer. */
  async process(address: Address): Promise<Reply> {
    const { merchant_id, transaction_id } = address;
    return this.#tell(address, { kind: "process", merchant_id, transaction_id });
  }

  async cancel(address: Address): Promise<Reply> {
    const { merchant_id, transaction_id } = address;
    return this.#tell(address, { kind: "cancel", merchant_id, transaction_id });
  }

  /** The transaction as it is now. */
  find({ merchant_id, transaction_id, shards }: Address): Reply {
    if (!this.#owns(shards)) return { ok: false, refusal: { code: "shard_count_changed" } };
    const held = this.#journal.findText(transaction_id);
    if (held?.merchant_id !== merchant_id) return notFound;
    return { ok: true, body: held.data, replayed: false, pending: false, retry_at_ms: 0 };
  }

  /** All events of a transaction in order; undefined when the merchant has no such transaction. */
  events({ merchant_id, transaction_id, shards }: Address): EventRecord[] | undefined {
    if (!this.#owns(shards)) return undefined;
    const events = this.#journal.eventsOf(transaction_id);
    return events[0]?.merchant_id === merchant_id ? events : undefined;
  }

  /** Answers when the object is alive and its storage can be read. */
  ready(): number {
    return this.#journal.lastPosition;
  }

  /** The safety net. Takes up what a dead object or a failed destination left behind; never throws,
   *  because the platform gives up on an alarm that keeps failing. */
  override async alarm(): Promise<void> {
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    try {
      const now = Date.now();
      const due = this.#journal
        .dueCharges(now, RESUMED_CHARGES)
        .filter(({ transaction_id }) => !this.#charges.isUnderWay(transaction_id));
      // Not awaited: a charge may take seconds, and the next alarm sees to it if this object dies.
      for (const { transaction_id } of due) this.#resume(transaction_id);
      await this.#book.drain(now);
      this.#book.storeMark();
    } catch (fault) {
      this.#log("error", "alarm.failed", { fault: faultOf(fault) });
    }
    this.#arm(Date.now());
  }

  async #tell({ shards }: Address, command: Command): Promise<Reply> {
    if (!this.#owns(shards)) return { ok: false, refusal: { code: "shard_count_changed" } };
    this.#shards = shards;
    const { answer, booked } = await this.#rounds.submit(command);
    if (answer.kind === "refused") return { ok: false, refusal: answer.refusal };
    if (answer.kind === "charging") return this.#settle(answer);
    await booked;
    return {
      ok: true,
      body: answer.data,
      replayed: answer.replayed,
      pending: false,
      retry_at_ms: 0,
    };
  }

  /** Sees a claimed charge through, unless its last outcome was unknown and it is not time to ask again. */
  async #settle(claimed: Answer & { kind: "charging" }): Promise<Reply> {
    const { order, retry_at_ms } = claimed;
    const isResting = retry_at_ms > Date.now() && !this.#charges.isUnderWay(order.transaction.id);
    const answer = isResting ? claimed : await this.#charges.carryOut(order);
    if (answer.kind === "refused") return { ok: false, refusal: answer.refusal };
    const pending = answer.kind === "charging";
    const retryAtMs = pending ? answer.retry_at_ms : 0;
    return { ok: true, body: answer.data, replayed: false, pending, retry_at_ms: retryAtMs };
  }

  async #record(transactionId: string, answer: ChargeAnswer, attempt: number): Promise<Answer> {
    if (answer.kind === "unknown") {
      const { reason } = answer;
      this.#log("warn", "charge.unknown", { transaction_id: transactionId, attempt, reason });
    }
    const command: Command = { kind: "record", transaction_id: transactionId, answer };
    const recorded = await this.#rounds.submit(command);
    await recorded.booked;
    return recorded.answer;
  }

  #resume(transactionId: string): void {
    const held = this.#journal.find(transactionId);
    const open = this.#journal.findCharge(transactionId);
    if (!held || !open) return;
    const order = { transaction: held.transaction, attempt: open.attempts + 1 };
    this.#charges.carryOut(order).catch((fault) => {
      this.#log("error", "charge.failed", { transaction_id: transactionId, fault: faultOf(fault) });
    });
  }

  /** One round: gather, then decide and commit without an `await` between, then write the book. */
  async #play(commands: Command[]): Promise<Round<Booked>> {
    const signals = await this.#gather(commands);
    const before = this.#journal.lastPosition;
    const now = Date.now();
    const answers = this.#commit(commands, signals, now);
    if (this.#journal.lastPosition > before) this.#arm(now);

    const isAwaited = answers.some(
      (outcome) => outcome.ok && outcome.answer.kind === "told" && outcome.answer.wrote,
    );
    if (!isAwaited) this.#drainSoon();
    else void this.#book.drain(now);
    const booked = isAwaited ? this.#book.delivered(this.#journal.lastPosition) : undefined;
    const settled = answers.map(
      (outcome): Settled<Booked> =>
        outcome.ok ? { ok: true, answer: { answer: outcome.answer, booked } } : outcome,
    );
    return { settled, next: booked ?? Promise.resolve() };
  }

  /** For events that no answer waits for: a claim, which the charge's outcome mostly overtakes. */
  #drainSoon(): void {
    if (this.#isDrainPlanned || this.#journal.lastPosition === this.#book.deliveredThrough) return;
    this.#isDrainPlanned = true;
    setTimeout(() => {
      this.#isDrainPlanned = false;
      void this.#book.drain(Date.now());
    }, UNAWAITED_DRAIN_MS);
  }

  /** Asks for the signals of every create that is not a repetition; the first of each id in the round counts. */
  async #gather(commands: Command[]): Promise<Map<string, Gathered>> {
    const creates = new Map<string, Command & { kind: "create" }>();
    for (const command of commands) {
      if (command.kind !== "create" || creates.has(command.transaction_id)) continue;
      if (!this.#journal.holds(command.transaction_id))
        creates.set(command.transaction_id, command);
    }
    if (creates.size === 0) return new Map();
    const payments = [...creates.values()].map(({ transaction_id, merchant_id, request }) => ({
      transaction_id,
      merchant_id,
      user_id: request.user_id,
      currency: request.currency,
      amount_minor: request.amount_minor,
    }));
    return gatherSignals(this.env.VELOCITY, this.#config.velocity_shards, payments);
  }

  /** All commands in one commit. If one of them faults, all are taken back and each is committed
   *  alone, so that a fault is its own command's and nobody else's. */
  #commit(commands: Command[], signals: Map<string, Gathered>, nowMs: number): Settled<Answer>[] {
    const run = (command: Command): Answer => {
      const gathered = signals.get(command.transaction_id);
      if (gathered && !gathered.ok && !this.#journal.holds(command.transaction_id)) {
        this.#log("error", "velocity.failed", {
          transaction_id: command.transaction_id,
          fault: faultOf(gathered.fault),
        });
        return { kind: "refused", refusal: { code: "unavailable" } };
      }
      const own = gathered?.ok ? gathered.signals : undefined;
      return execute(this.#journal, command, own, this.#config.fraud_rules, nowMs);
    };
    try {
      return this.#transaction(() =>
        commands.map((command) => ({ ok: true, answer: run(command) })),
      );
    } catch {
      return commands.map((command): Settled<Answer> => {
        try {
          return { ok: true, answer: this.#transaction(() => run(command)) };
        } catch (fault) {
          return { ok: false, fault };
        }
      });
    }
  }

  #transaction<Value>(write: () => Value): Value {
    try {
      const value = this.ctx.storage.transactionSync(() => {
        const written = write();
        if (this.#shards !== undefined && this.#journal.mark("transaction_shards") === undefined) {
          this.#journal.setMark("transaction_shards", this.#shards);
        }
        this.#book.storeMark();
        return written;
      });
      this.#journal.committed();
      return value;
    } catch (fault) {
      this.#journal.rolledBack();
      this.#book.reread();
      throw fault;
    }
  }

  /** A changed shard count would send known keys to other owners: an object serves only the count it began with. */
  #owns(shards: number): boolean {
    return this.#shards === undefined || this.#shards === shards;
  }

  /** Sets the alarm for open work, in the same commit as the work itself. */
  #arm(nowMs: number): void {
    if (this.#alarmAtMs <= nowMs + SAFETY_MS) return;
    const next = nextWakeAtMs(
      {
        charge_at_ms: this.#journal.nextChargeAtMs(),
        outboxes_at_ms: this.#book.isOpen ? [this.#book.retryAtMs] : [],
      },
      nowMs,
    );
    if (next === undefined || next >= this.#alarmAtMs) return;
    this.#alarmAtMs = next;
    void this.ctx.storage.setAlarm(next);
  }
}

const notFound: Reply = { ok: false, refusal: { code: "transaction_not_found" } };
