/** TransactionShard: the one serial owner of the transactions that live here. This is its face to the
 *  Worker and its alarm; a round is in `playing.ts`, what a command does in `command.ts`. */
import { DurableObject } from "cloudflare:workers";
import { type Config, configOf } from "../config";
import type { CreateCommand } from "../domain/transaction/decide-create";
import type { CreateRequest } from "../domain/transaction/idempotency";
import type { ResolveRequest } from "../domain/transaction/resolution";
import type { ReviewRequest } from "../domain/transaction/review";
import type { Env } from "../env";
import { faultOf, type Log, logFrom } from "../observability/log";
import { announceProcessor, processorModeOf, processorOf } from "../processor/create";
import { resetObject } from "../runtime/abort-object";
import { Alarm } from "../runtime/alarm";
import { unlessLate, within } from "../runtime/with-timeout";
import { nextWakeAtMs, openWorkOf, SAFETY_MS } from "./alarm-schedule";
import { Charges } from "./charging/charges";
import { recordingBy } from "./charging/record-outcome";
import { TakingUp } from "./charging/recovery";
import type { Answer, Command } from "./commands/command";
import { Counters } from "./counters";
import { answerTogether } from "./execute-batch";
import { lookTogether } from "./get-many";
import { type Booked, Playing } from "./group-commit/batch-processor";
import { Rounds } from "./group-commit/batcher";
import { Company } from "./group-commit/commit-delay";
import { Journal } from "./journal/journal";
import { countAnswer, countGet, countTurnedAway } from "./metrics";
import { Outboxes } from "./outbox/relays";
import { eventsReply, findReply, repeatReply } from "./queries";
import { RiskBook, riskReaderOf } from "./risk/rules-cache";
import {
  type Address,
  about,
  type Call,
  type EventsReply,
  type Looks,
  type OperatorAddress,
  type Reply,
  type ShardMetrics,
  type ShardReadiness,
  shardCountChanged,
  type Tell,
  type TransactionShardRpc,
  toldReply,
} from "./rpc";

export class TransactionShard extends DurableObject<Env> implements TransactionShardRpc {
  readonly #config: Config;
  readonly #log: Log;
  readonly #journal: Journal;
  readonly #counters: Counters;
  readonly #outboxes: Outboxes;
  readonly #charges: Charges;
  readonly #rounds: Rounds<Command, Booked>;
  /** Claims need no signals and wait for no book, so they do not wait for those who do. */
  readonly #claims: Rounds<Command, Booked>;
  readonly #company = new Company();
  readonly #takingUp: TakingUp;
  readonly #alarm: Alarm;
  #shards: number | undefined;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#config = configOf(env);
    this.#log = logFrom(this.#config.log_level);
    announceProcessor(this.#config, this.#log);
    this.#journal = new Journal(state.storage.sql);
    this.#shards = this.#journal.marks.get("transaction_shards");
    const { sql } = state.storage;
    // An object that has one transaction is nobody's to watch, and there are millions of them.
    this.#counters = new Counters(sql, this.#config.transaction_shards > 0);
    this.#outboxes = new Outboxes(this.#journal, sql, this.#counters, env, this.#config, this.#log);
    this.#charges = new Charges(
      processorOf(this.#config),
      this.#config.processor_timeout_ms,
      recordingBy((command) => this.#rounds.submit(command), this.#log),
    );
    const playing = new Playing({
      journal: this.#journal,
      counters: this.#counters,
      outboxes: this.#outboxes,
      sources: {
        velocity: env.VELOCITY,
        velocity_shards: this.#config.velocity_shards,
        book: new RiskBook(riskReaderOf(env.DB), this.#log),
        default_rules: this.#config.default_rules,
      },
      mode: processorModeOf(this.#config),
      log: this.#log,
      shards: () => this.#shards,
      arm: (nowMs, hasWritten) => this.#alarm[hasWritten ? "armWritten" : "arm"](nowMs),
      reset: (fault) => resetObject(state, this.#log, fault),
    });
    this.#rounds = new Rounds(this.#company, (commands) => playing.play(commands));
    this.#claims = new Rounds(this.#company, (commands) => playing.play(commands));
    this.#takingUp = new TakingUp({
      journal: this.#journal,
      charges: this.#charges,
      submit: (command) => this.#rounds.submit(command),
      log: this.#log,
    });
    this.#alarm = new Alarm(state.storage, SAFETY_MS, (nowMs) => [
      nextWakeAtMs(openWorkOf(this.#journal, this.#outboxes, this.#counters, nowMs), nowMs),
    ]);
    state.blockConcurrencyWhile(async () => {
      await this.#alarm.read();
      this.#alarm.arm(Date.now());
    });
  }

  /** Answers several requests as if each had come by itself. */
  together(calls: Call[], tell: Tell) {
    this.#journal.load(calls.map(({ address }) => address.transaction_id));
    return answerTogether(this, calls, tell);
  }

  /** The same for requests that only look. */
  look(looks: Looks) {
    this.#journal.load(looks.transaction_ids);
    return lookTogether(this, looks);
  }

  /** Creates a transaction, or answers as the first create under this key was answered. */
  async create(address: Address, command: CreateCommand): Promise<Reply> {
    return this.#tell(address, { kind: "create", ...about(address), ...command });
  }

  /** Answers as the first create under this key was answered, if there was one. Makes no transaction. */
  repeat(address: Address, request: CreateRequest): Reply {
    if (!this.#owns(address.shards)) return shardCountChanged;
    const reply = repeatReply(this.#journal, this.#counters, address, request);
    this.#alarm.arm(Date.now());
    return reply;
  }

  /** Charges a transaction once. Concurrent calls share one charge and its answer. */
  async process(address: Address): Promise<Reply> {
    return this.#tell(address, { kind: "process", ...about(address) });
  }

  async cancel(address: Address): Promise<Reply> {
    return this.#tell(address, { kind: "cancel", ...about(address) });
  }

  /** Records a reviewer's word. */
  async review(address: Address, request: ReviewRequest): Promise<Reply> {
    return this.#tell(address, { kind: "review", ...about(address), ...request });
  }

  /** Records an operator's word on a charge without an outcome. */
  async resolve(address: OperatorAddress, request: ResolveRequest): Promise<Reply> {
    const is_call_under_way = () => this.#charges.isUnderWay(address.transaction_id);
    return this.#tell(address, { kind: "resolve", ...address, ...request, is_call_under_way });
  }

  /** The transaction as it is now. */
  find(address: Address): Reply {
    const arrivedMs = Date.now();
    const isOwner = this.#owns(address.shards);
    const reply = isOwner ? findReply(this.#journal, address) : shardCountChanged;
    const now = Date.now();
    countGet(this.#counters, reply, now - arrivedMs);
    if (this.#counters.isOpen) this.#alarm.arm(now);
    return reply;
  }

  /** All events of a transaction in order. */
  events(address: Address): EventsReply {
    return this.#owns(address.shards) ? eventsReply(this.#journal, address) : shardCountChanged;
  }

  /** How things stand; answers when the object is alive and its storage can be read. */
  ready(): ShardReadiness {
    const now = Date.now();
    return { backlogs: this.#outboxes.backlogs(now), charges: this.#journal.charges.standing(now) };
  }

  /** All counts, written before they are returned: a count that was seen never goes down after a crash. */
  metrics(): ShardMetrics {
    const now = Date.now();
    this.#counters.write(now);
    return { counts: this.#counters.all(), ...this.ready() };
  }

  /** Writes everything that has ever happened here into the book again, beginning at a time.
   *  @returns how many events that is */
  rebuildBook(notBeforeMs: number): number {
    this.#outboxes.rebuildBook(notBeforeMs);
    this.#alarm.arm(Date.now());
    return this.#journal.lastPosition;
  }

  /** Takes up what a dead object or a failed destination left behind. Never throws, because the platform gives up on
   *  an alarm that keeps failing. */
  override async alarm(): Promise<void> {
    this.#alarm.rang();
    try {
      const now = Date.now();
      this.#takingUp.begin(now);
      this.#counters.write(now);
      // A long drain goes on by itself: charges and other destinations need this clock meanwhile.
      await within(SAFETY_MS, this.#outboxes.drain(now)).catch(unlessLate);
      this.#outboxes.storeMarks();
    } catch (fault) {
      this.#log("error", "alarm.failed", { fault: faultOf(fault) });
    }
    this.#alarm.arm(Date.now());
  }

  async #tell({ shards }: OperatorAddress, command: Command): Promise<Reply> {
    const arrivedMs = Date.now();
    this.#company.arrived();
    try {
      if (!this.#owns(shards)) {
        countTurnedAway(this.#counters, command);
        return shardCountChanged;
      }
      this.#shards = shards;
      const rounds = command.kind === "process" ? this.#claims : this.#rounds;
      const { answer, booked } = await rounds.submit(command);
      if (answer.kind === "refused") return { ok: false, refusal: answer.refusal };
      if (answer.kind === "charging") return await this.#settle(answer, command.traceparent);
      await booked;
      return { ...toldReply(answer.data), replayed: answer.replayed };
    } finally {
      this.#company.answered();
      const now = Date.now();
      countAnswer(this.#counters, command, now - arrivedMs);
      if (this.#counters.isOpen) this.#alarm.arm(now);
    }
  }

  /** Sees a claimed charge through, unless its last outcome was unknown and it is not time to ask again. */
  async #settle(
    claimed: Answer & { kind: "charging" },
    traceparent: string | null,
  ): Promise<Reply> {
    const { order, retry_at_ms } = claimed;
    const isResting = retry_at_ms > Date.now() && !this.#charges.isUnderWay(order.transaction.id);
    const answer = isResting ? claimed : await this.#charges.carryOut(order, traceparent);
    if (answer.kind === "refused") return { ok: false, refusal: answer.refusal };
    const pending = answer.kind === "charging";
    return { ...toldReply(answer.data), pending, retry_at_ms: pending ? answer.retry_at_ms : 0 };
  }

  /** A changed shard count would send known keys to other owners: an object serves only the count it began with. */
  #owns(shards: number): boolean {
    return this.#shards === undefined || this.#shards === shards;
  }
}
