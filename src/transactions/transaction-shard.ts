/** TransactionShard: the one serial owner of its transactions. This file has its RPC methods and its alarm; a group
 *  commit is in `group-commit/batch-processor.ts`, what a command does in `commands/`. */
import { DurableObject } from "cloudflare:workers";
import { readConfig } from "../config";
import type { CreateCommand } from "../domain/transaction/decide-create";
import type { CreateRequest } from "../domain/transaction/idempotency";
import type { ResolveRequest } from "../domain/transaction/resolution";
import type { ReviewRequest } from "../domain/transaction/review";
import type { Env } from "../env";
import { createLog, describeFault, type Log } from "../observability/log";
import { createProcessor, logProcessorMode, processorMode } from "../processor/create";
import { abortObject } from "../runtime/abort-object";
import { Alarm } from "../runtime/alarm";
import { ignoreTimeout, withTimeout } from "../runtime/with-timeout";
import { ALARM_INTERVAL_MS, nextAlarmAtMs, openWorkOf } from "./alarm-schedule";
import { Charges } from "./charging/charges";
import { createOutcomeRecorder } from "./charging/record-outcome";
import { Recovery } from "./charging/recovery";
import type { Command, CommandResult } from "./commands/command";
import { Counters } from "./counters";
import { executeBatch } from "./execute-batch";
import { getMany } from "./get-many";
import { BatchProcessor, type Committed } from "./group-commit/batch-processor";
import { Batcher } from "./group-commit/batcher";
import { CommitDelay } from "./group-commit/commit-delay";
import { Journal } from "./journal/journal";
import { countDuration, countGet, countRejected } from "./metrics";
import { OutboxRelays } from "./outbox/relays";
import { eventsReply, findReply, repeatReply } from "./queries";
import { createRulesReader, RulesCache } from "./risk/rules-cache";
import {
  type Address,
  type AddressedCall,
  about,
  type EventsReply,
  type ManyAddresses,
  type OperatorAddress,
  okReply,
  type Reply,
  type SendResults,
  type ShardMetrics,
  type ShardReadiness,
  shardCountChanged,
  type TransactionShardRpc,
} from "./rpc";

export class TransactionShard extends DurableObject<Env> implements TransactionShardRpc {
  readonly #log: Log;
  readonly #journal: Journal;
  readonly #counters: Counters;
  readonly #relays: OutboxRelays;
  readonly #charges: Charges;
  readonly #batcher: Batcher<Command, Committed>;
  /** Claims need no signals and no D1, so they do not wait for commands that do. */
  readonly #claimBatcher: Batcher<Command, Committed>;
  readonly #commitDelay = new CommitDelay();
  readonly #recovery: Recovery;
  readonly #alarm: Alarm;
  #shards: number | undefined;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    const { sql } = state.storage;
    const config = readConfig(env);
    const log = createLog(config.log_level);
    const journal = state.storage.transactionSync(() => new Journal(sql));
    this.#log = log;
    this.#journal = journal;
    logProcessorMode(config, log);
    this.#shards = journal.checkpoints.get("transaction_shards");
    // Of objects that own one transaction there are millions, and none is scraped.
    this.#counters = new Counters(sql, config.transaction_shards > 0);
    this.#relays = new OutboxRelays(journal, sql, this.#counters, env, config, log);
    this.#charges = new Charges(
      createProcessor(config),
      config.processor_timeout_ms,
      createOutcomeRecorder((command) => this.#batcher.submit(command), log),
    );
    const processor = new BatchProcessor({
      journal,
      counters: this.#counters,
      outboxes: this.#relays,
      sources: {
        velocity: env.VELOCITY,
        velocity_shards: config.velocity_shards,
        book: new RulesCache(createRulesReader(env.DB), log),
        default_rules: config.default_rules,
      },
      mode: processorMode(config),
      log,
      shards: () => this.#shards,
      arm: (nowMs, hasWritten) => this.#alarm[hasWritten ? "armAfterWrite" : "arm"](nowMs),
      reset: (fault) => abortObject(state, log, fault),
    });
    this.#batcher = new Batcher(this.#commitDelay, (commands) => processor.run(commands));
    this.#claimBatcher = new Batcher(this.#commitDelay, (commands) => processor.run(commands));
    this.#recovery = new Recovery({
      journal,
      charges: this.#charges,
      submit: (command) => this.#batcher.submit(command),
      log,
    });
    this.#alarm = new Alarm(state.storage, ALARM_INTERVAL_MS, (nowMs) => [
      nextAlarmAtMs(openWorkOf(journal, this.#relays, this.#counters, nowMs), nowMs),
    ]);
    state.blockConcurrencyWhile(async () => {
      await this.#alarm.read();
      this.#alarm.arm(Date.now());
    });
  }

  /** Answers several requests as if each had come by itself. */
  executeBatch(calls: AddressedCall[], tell: SendResults) {
    this.#journal.load(calls.map(({ address }) => address.transaction_id));
    return executeBatch(this, calls, tell);
  }

  /** The same for requests that only look. */
  getMany(looks: ManyAddresses) {
    this.#journal.load(looks.transaction_ids);
    return getMany(this, looks);
  }

  /** Creates a transaction, or answers as the first create under this key was answered. */
  async create(address: Address, command: CreateCommand): Promise<Reply> {
    return this.#execute(address, { kind: "create", ...about(address), ...command });
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
    return this.#execute(address, { kind: "process", ...about(address) });
  }

  async cancel(address: Address): Promise<Reply> {
    return this.#execute(address, { kind: "cancel", ...about(address) });
  }

  /** Records a reviewer's word. */
  async review(address: Address, request: ReviewRequest): Promise<Reply> {
    return this.#execute(address, { kind: "review", ...about(address), ...request });
  }

  /** Records an operator's word on a charge without an outcome. */
  async resolve(address: OperatorAddress, request: ResolveRequest): Promise<Reply> {
    const is_call_under_way = () => this.#charges.isUnderWay(address.transaction_id);
    return this.#execute(address, { kind: "resolve", ...address, ...request, is_call_under_way });
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
    return { backlogs: this.#relays.backlogs(now), charges: this.#journal.charges.standing(now) };
  }

  /** All counts, written before they are returned: a count that was seen never goes down after a crash. */
  metrics(): ShardMetrics {
    const now = Date.now();
    this.#counters.write(now);
    return { counts: this.#counters.all(), ...this.ready() };
  }

  /** @returns how many events are written into D1 again */
  rebuildBook(notBeforeMs: number): number {
    this.#relays.rebuildBook(notBeforeMs);
    this.#alarm.arm(Date.now());
    return this.#journal.lastPosition;
  }

  /** Takes up what a dead object or a failed destination left behind. Never throws, because the platform gives up on
   *  an alarm that keeps failing. */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    try {
      const now = Date.now();
      this.#recovery.begin(now);
      this.#counters.write(now);
      // A long drain goes on by itself: charges and other destinations need this clock meanwhile.
      await withTimeout(ALARM_INTERVAL_MS, this.#relays.drain(now)).catch(ignoreTimeout);
      this.#relays.storeCheckpoints();
    } catch (fault) {
      this.#log("error", "alarm.failed", { fault: describeFault(fault) });
    }
    this.#alarm.arm(Date.now());
  }

  async #execute({ shards }: OperatorAddress, command: Command): Promise<Reply> {
    const arrivedMs = Date.now();
    this.#commitDelay.arrived();
    try {
      if (!this.#owns(shards)) {
        countRejected(this.#counters, command);
        return shardCountChanged;
      }
      this.#shards = shards;
      const rounds = command.kind === "process" ? this.#claimBatcher : this.#batcher;
      const { answer, appended } = await rounds.submit(command);
      if (answer.kind === "refused") return { ok: false, refusal: answer.refusal };
      if (answer.kind === "pending") return await this.#completeCharge(answer, command.traceparent);
      await appended;
      return { ...okReply(answer.data), replayed: answer.replayed };
    } finally {
      this.#commitDelay.responded();
      const now = Date.now();
      countDuration(this.#counters, command, now - arrivedMs);
      if (this.#counters.isOpen) this.#alarm.arm(now);
    }
  }

  /** Sees a claimed charge through, unless its last outcome was unknown and it is not time to ask again. */
  async #completeCharge(
    claimed: CommandResult & { kind: "pending" },
    traceparent: string | null,
  ): Promise<Reply> {
    const { order, retry_at_ms } = claimed;
    const isResting = retry_at_ms > Date.now() && !this.#charges.isUnderWay(order.transaction.id);
    const answer = isResting ? claimed : await this.#charges.carryOut(order, traceparent);
    if (answer.kind === "refused") return { ok: false, refusal: answer.refusal };
    const pending = answer.kind === "pending";
    return { ...okReply(answer.data), pending, retry_at_ms: pending ? answer.retry_at_ms : 0 };
  }

  /** A changed shard count would send known keys to other owners: an object serves only the count it began with. */
  #owns(shards: number): boolean {
    return this.#shards === undefined || this.#shards === shards;
  }
}
