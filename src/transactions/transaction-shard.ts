/** TransactionShard: the single owner of its transactions, which executes commands on them one after the other. This file
 *  has the RPC methods, described in `rpc.ts`, and the alarm; `group-commit/` forms and commits batches, and
 *  `commands/` has what each command does. */
import { DurableObject } from "cloudflare:workers";
import { readConfig } from "../config";
import type { CreateCommand } from "../domain/transaction/decisions/decide-create";
import type { CreateRequest } from "../domain/transaction/idempotency";
import type { ResolveRequest } from "../domain/transaction/resolution";
import type { ReviewRequest } from "../domain/transaction/review";
import type { Env } from "../env";
import { createLog, describeFault, type Log } from "../observability/log";
import { createProcessor, logProcessorMode, processorMode } from "../processor/create";
import { abortObject } from "../runtime/abort-object";
import { Alarm } from "../runtime/alarm";
import { ignoreTimeout, withTimeout } from "../runtime/with-timeout";
import { ALARM_INTERVAL_MS, nextAlarmAtMs, readOpenWork } from "./alarm-schedule";
import { Charges } from "./charging/charges";
import { createOutcomeRecorder } from "./charging/record-outcome";
import { Recovery } from "./charging/recovery";
import type { Command } from "./commands/command";
import type { CommandResult } from "./commands/result";
import { countDuration, countGet, countRejected } from "./count-commands";
import { Counters } from "./counters";
import { executeBatch } from "./execute-batch";
import { getMany } from "./get-many";
import { BatchProcessor, type Committed } from "./group-commit/batch-processor";
import { Batcher } from "./group-commit/batcher";
import { CommitDelay } from "./group-commit/commit-delay";
import { Journal } from "./journal/journal";
import { OutboxRelays } from "./outbox/relays";
import { eventsReply, findReply, repeatReply } from "./queries";
import { createRulesReader, RulesCache } from "./risk/rules-cache";
import {
  type Address,
  type AddressedCall,
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
  toCommandFields,
} from "./rpc";

/** How long a reader waits until the book is written. */
const REFRESH_LIMIT_MS = 2_000;
/** The same for a scrape, which has two seconds for everything. */
const SCRAPE_REFRESH_LIMIT_MS = 1_000;

export class TransactionShard extends DurableObject<Env> implements TransactionShardRpc {
  readonly #log: Log;
  readonly #journal: Journal;
  readonly #counters: Counters;
  readonly #relays: OutboxRelays;
  readonly #charges: Charges;
  readonly #batcher: Batcher<Command, Committed>;
  /** Claims need no decision inputs and no write to D1, so they do not wait for commands that do. */
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
    // With an object for each transaction there are millions of objects, and none is scraped.
    this.#counters = new Counters(journal.state, config.transaction_shards > 0);
    this.#relays = new OutboxRelays(journal, sql, this.#counters, env, config, log);
    this.#charges = new Charges(
      createProcessor(config),
      config.processor_timeout_ms,
      createOutcomeRecorder((command) => this.#batcher.submit(command), log),
    );
    const processor = new BatchProcessor({
      journal,
      counters: this.#counters,
      relays: this.#relays,
      sources: {
        velocity: env.VELOCITY,
        velocity_shards: config.velocity_shards,
        rules: new RulesCache(createRulesReader(env.DB), log),
        default_rules: config.default_rules,
      },
      mode: processorMode(config),
      waits_for_book: config.transaction_shards === 0,
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
      nextAlarmAtMs(readOpenWork(journal, this.#relays, this.#counters, nowMs), nowMs),
    ]);
    state.blockConcurrencyWhile(async () => {
      await this.#alarm.read();
      this.#alarm.arm(Date.now());
    });
  }

  executeBatch(calls: AddressedCall[], send: SendResults) {
    this.#journal.load(calls.map(({ address }) => address.transaction_id));
    return executeBatch(this, calls, send);
  }

  getMany(addresses: ManyAddresses) {
    this.#journal.load(addresses.transaction_ids);
    return getMany(this, addresses);
  }

  async create(address: Address, command: CreateCommand): Promise<Reply> {
    return this.#execute(address, { kind: "create", ...toCommandFields(address), ...command });
  }

  repeat(address: Address, request: CreateRequest): Reply {
    if (!this.#owns(address.shards)) return shardCountChanged;
    const reply = repeatReply(this.#journal, this.#counters, address, request);
    this.#alarm.arm(Date.now());
    return reply;
  }

  async process(address: Address): Promise<Reply> {
    return this.#execute(address, { kind: "process", ...toCommandFields(address) });
  }

  async cancel(address: Address): Promise<Reply> {
    return this.#execute(address, { kind: "cancel", ...toCommandFields(address) });
  }

  async review(address: Address, request: ReviewRequest): Promise<Reply> {
    return this.#execute(address, { kind: "review", ...toCommandFields(address), ...request });
  }

  async resolve(address: OperatorAddress, request: ResolveRequest): Promise<Reply> {
    const is_call_under_way = () => this.#charges.isUnderWay(address.transaction_id);
    return this.#execute(address, { kind: "resolve", ...address, ...request, is_call_under_way });
  }

  find(address: Address): Reply {
    const arrivedMs = Date.now();
    const isOwner = this.#owns(address.shards);
    const reply = isOwner ? findReply(this.#journal, address) : shardCountChanged;
    const now = Date.now();
    countGet(this.#counters, reply, now - arrivedMs);
    if (this.#counters.isOpen) this.#alarm.arm(now);
    return reply;
  }

  events(address: Address): EventsReply {
    return this.#owns(address.shards) ? eventsReply(this.#journal, address) : shardCountChanged;
  }

  ready(): ShardReadiness {
    const now = Date.now();
    return { backlogs: this.#relays.backlogs(now), charges: this.#journal.charges.summarize(now) };
  }

  refreshBook(merchantId: string | null): Promise<number | null> {
    return this.#relays.refreshBook(merchantId, Date.now(), REFRESH_LIMIT_MS);
  }

  async metrics(): Promise<ShardMetrics> {
    await this.#relays.refreshBook(null, Date.now(), SCRAPE_REFRESH_LIMIT_MS);
    this.#journal.state.write();
    return { counts: this.#counters.all(), ...this.ready() };
  }

  rebuildBook(notBeforeMs: number): number {
    this.#relays.rebuildBook(notBeforeMs);
    this.#alarm.arm(Date.now());
    return this.#journal.lastPosition;
  }

  /** Continues what a crash or a failed destination has left unfinished. Never throws, because the platform stops
   *  calling an alarm that keeps failing. */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    try {
      const now = Date.now();
      this.#recovery.begin(now);
      // A long drain continues after the timeout: charges and other destinations need the next alarm meanwhile.
      await withTimeout(ALARM_INTERVAL_MS, this.#relays.drain(now)).catch(ignoreTimeout);
      this.#relays.storeCheckpoints();
      this.#journal.state.write();
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
      const batcher = command.kind === "process" ? this.#claimBatcher : this.#batcher;
      const { result, in_book } = await batcher.submit(command);
      if (result.kind === "refused") return { ok: false, refusal: result.refusal };
      if (result.kind === "pending") return await this.#completeCharge(result, command.traceparent);
      await in_book;
      return { ...okReply(result.data), replayed: result.replayed };
    } finally {
      this.#commitDelay.responded();
      const now = Date.now();
      countDuration(this.#counters, command, now - arrivedMs);
      if (this.#counters.isOpen) this.#alarm.arm(now);
    }
  }

  /** Calls the processor for a claimed charge, unless the last attempt had no outcome and the next is not due yet. */
  async #completeCharge(
    claimed: CommandResult & { kind: "pending" },
    traceparent: string | null,
  ): Promise<Reply> {
    const { order, retry_at_ms } = claimed;
    const isTooEarly = retry_at_ms > Date.now() && !this.#charges.isUnderWay(order.transaction.id);
    const result = isTooEarly ? claimed : await this.#charges.carryOut(order, traceparent);
    if (result.kind === "refused") return { ok: false, refusal: result.refusal };
    const pending = result.kind === "pending";
    return { ...okReply(result.data), pending, retry_at_ms: pending ? result.retry_at_ms : 0 };
  }

  /** An object serves only the shard count of its first call: with another count the same keys have other owners. */
  #owns(shards: number): boolean {
    return this.#shards === undefined || this.#shards === shards;
  }
}
