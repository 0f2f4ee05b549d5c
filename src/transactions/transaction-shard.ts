/** TransactionShard: the single owner of its transactions, which executes commands on them one after the other. This file
 *  has the RPC methods, described in `rpc.ts`, and the alarm; `group-commit/` forms and commits batches, and
 *  `commands/` has what each command does. */
import { DurableObject } from "cloudflare:workers";
import { readConfig } from "../config";
import type { CaptureRequest } from "../domain/transaction/capture";
import type { CreateCommand } from "../domain/transaction/decisions/decide-create";
import type { Precondition } from "../domain/transaction/decisions/precondition";
import type { CreateRequest } from "../domain/transaction/idempotency";
import type { RefundRequest } from "../domain/transaction/refund";
import type { Report } from "../domain/transaction/report";
import type { ResolveRequest } from "../domain/transaction/resolution";
import type { ReviewRequest } from "../domain/transaction/review";
import type { Env } from "../env";
import { createLog } from "../observability/log";
import { createProcessor, logProcessorMode, toProcessorTerms } from "../processor/create";
import { abortObject } from "../runtime/abort-object";
import type { Alarm } from "../runtime/alarm";
import { createAlarm } from "./alarm-schedule";
import { Charges } from "./charging/charges";
import { createOutcomeRecorder } from "./charging/record-outcome";
import { Recovery } from "./charging/recovery";
import { type Command, isClaim } from "./commands/command";
import { type CommandResult, refused } from "./commands/result";
import { countDuration, countGet, countRejected } from "./count-commands";
import { Counters } from "./counters";
import { executeBatch } from "./execute-batch";
import { getMany } from "./get-many";
import { BatchProcessor, type Committed } from "./group-commit/batch-processor";
import { Batcher } from "./group-commit/batcher";
import { CommitDelay } from "./group-commit/commit-delay";
import { Journal } from "./journal/journal";
import { OutboxRelays, REFRESH_LIMIT_MS, SCRAPE_REFRESH_LIMIT_MS } from "./outbox/relays";
import * as queries from "./queries";
import { createDecisionSources } from "./risk/decision-inputs";
import type * as rpc from "./rpc";
import { type Address, type Reply, shardCountChanged, toCommandFields } from "./rpc";

export class TransactionShard extends DurableObject<Env> implements rpc.TransactionShardRpc {
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
    this.#journal = journal;
    logProcessorMode(config, log);
    this.#shards = journal.checkpoints.get("transaction_shards");
    // With an object for each transaction there are millions of objects, and none is scraped.
    this.#counters = new Counters(journal.state, config.transaction_shards > 0);
    this.#relays = new OutboxRelays(journal, sql, this.#counters, env, config, log);
    const payments = createProcessor(config);
    const record = createOutcomeRecorder((command) => this.#batcher.submit(command), log);
    this.#charges = new Charges(payments, config.processor_timeout_ms, record, journal.details);
    const processor = new BatchProcessor({
      journal,
      counters: this.#counters,
      relays: this.#relays,
      sources: createDecisionSources(env, config, log),
      processor: toProcessorTerms(payments, config),
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
      relays: this.#relays,
      submit: (command) => this.#batcher.submit(command),
      moveEarlierEvents: () => state.storage.transactionSync(() => journal.moveEarlierEvents()),
      log,
    });
    this.#alarm = createAlarm(state.storage, journal, this.#relays, this.#counters);
    state.blockConcurrencyWhile(() => this.#alarm.read().then(() => this.#alarm.arm(Date.now())));
  }

  executeBatch(calls: rpc.AddressedCall[], send: rpc.SendResults) {
    this.#journal.load(calls.map(({ address }) => address.transaction_id));
    return executeBatch(this, calls, send);
  }

  getMany(addresses: rpc.ManyAddresses) {
    this.#journal.load(addresses.transaction_ids);
    return getMany(this, addresses);
  }

  async create(address: Address, command: CreateCommand, process?: boolean): Promise<Reply> {
    const fields = { ...toCommandFields(address), ...command, process };
    return this.#execute(address, { kind: "create", ...fields });
  }

  async repeat(address: Address, request: CreateRequest, process?: boolean): Promise<Reply> {
    if (!this.#owns(address.shards)) return shardCountChanged;
    const reply = queries.repeatReply(this.#journal, this.#counters, address, request);
    this.#alarm.arm(Date.now());
    // The transaction exists, and its key is part of it.
    const command = { merchant_id: address.merchant_id, idempotency_key: "", request };
    return process && reply.ok ? this.create(address, command, process) : reply;
  }

  async process(address: Address, precondition?: Precondition): Promise<Reply> {
    const fields = { ...toCommandFields(address), ...precondition };
    return this.#execute(address, { kind: "process", ...fields });
  }

  async capture(address: Address, request: CaptureRequest & Precondition): Promise<Reply> {
    return this.#execute(address, { kind: "capture", ...toCommandFields(address), ...request });
  }

  async cancel(address: Address, precondition?: Precondition): Promise<Reply> {
    const fields = { ...toCommandFields(address), ...precondition };
    return this.#execute(address, { kind: "cancel", ...fields });
  }

  async refund(address: Address, request: RefundRequest & Precondition): Promise<Reply> {
    return this.#execute(address, { kind: "refund", ...toCommandFields(address), ...request });
  }

  async review(address: Address, request: ReviewRequest & Precondition): Promise<Reply> {
    return this.#execute(address, { kind: "review", ...toCommandFields(address), ...request });
  }

  async resolve(
    address: rpc.OperatorAddress,
    request: ResolveRequest,
    refund_id?: string,
  ): Promise<Reply> {
    const is_call_under_way = (key: string) => this.#charges.isUnderWay(key);
    const fields = { ...address, ...request, refund_id, is_call_under_way };
    return this.#execute(address, { kind: "resolve", ...fields });
  }

  async report(address: rpc.OperatorAddress, report: Report): Promise<rpc.ReportReply> {
    const result = await this.#run(address, { kind: "report", ...address, report });
    return queries.toReportReply(result);
  }

  records(shards: number, ids: string[]): rpc.RecordsReply {
    return this.#owns(shards) ? queries.recordsReply(this.#journal, ids) : shardCountChanged;
  }

  countEvents(counts: rpc.EventCounts): void {
    for (const [result, count] of Object.entries(counts)) {
      this.#counters.add("processor_events", `result=${result}`, count);
    }
    if (this.#counters.isOpen) this.#alarm.arm(Date.now());
  }

  find(address: Address): Reply {
    const arrivedMs = Date.now();
    const reply = this.#ifOwned(address, () => queries.findReply(this.#journal, address));
    const now = Date.now();
    countGet(this.#counters, reply, now - arrivedMs);
    if (this.#counters.isOpen) this.#alarm.arm(now);
    return reply;
  }

  events(address: Address): rpc.EventsReply {
    return this.#ifOwned(address, () => queries.eventsReply(this.#journal, address));
  }

  refunds(address: Address): rpc.RefundsReply {
    return this.#ifOwned(address, () => queries.refundsReply(this.#journal, address));
  }

  findRefund(address: Address, refundId: string): Reply {
    return this.#ifOwned(address, () => queries.findRefundReply(this.#journal, address, refundId));
  }

  ready(): rpc.ShardReadiness {
    const now = Date.now();
    return { backlogs: this.#relays.backlogs(now), charges: this.#journal.charges.summarize(now) };
  }

  refreshBook(merchantId: string | null): Promise<number | null> {
    return this.#relays.refreshBook(merchantId, Date.now(), REFRESH_LIMIT_MS);
  }

  async metrics(): Promise<rpc.ShardMetrics> {
    await this.#relays.refreshBook(null, Date.now(), SCRAPE_REFRESH_LIMIT_MS);
    this.#journal.state.write();
    const bytes = this.ctx.storage.sql.databaseSize;
    return { counts: this.#counters.all(), bytes, ...this.ready() };
  }

  rebuildBook(notBeforeMs: number): number {
    this.#relays.rebuildBook(notBeforeMs);
    this.#alarm.arm(Date.now());
    return this.#journal.lastPosition;
  }

  override async alarm(): Promise<void> {
    this.#alarm.fired();
    await this.#recovery.run(Date.now());
    this.#alarm.arm(Date.now());
  }

  async #execute(address: rpc.OperatorAddress, command: Command): Promise<Reply> {
    return queries.toReply(this.#journal, await this.#run(address, command));
  }

  async #run({ shards }: rpc.OperatorAddress, command: Command): Promise<CommandResult> {
    const arrivedMs = Date.now();
    this.#commitDelay.arrived();
    try {
      if (!this.#owns(shards)) {
        countRejected(this.#counters, command);
        return refused(shardCountChanged.refusal);
      }
      this.#shards = shards;
      const batcher = isClaim(command) ? this.#claimBatcher : this.#batcher;
      const { result, in_book } = await batcher.submit(command);
      if (result.kind === "pending") {
        return await this.#charges.carryOutIfDue(result, command.traceparent);
      }
      await in_book;
      return result;
    } finally {
      this.#commitDelay.responded();
      const now = Date.now();
      countDuration(this.#counters, command, now - arrivedMs);
      if (this.#counters.isOpen) this.#alarm.arm(now);
    }
  }

  #ifOwned<Read>({ shards }: Address, read: () => Read): Read | typeof shardCountChanged {
    return this.#owns(shards) ? read() : shardCountChanged;
  }

  /** An object serves only the shard count of its first call: with another count the same keys have other owners. */
  #owns(shards: number): boolean {
    return this.#shards === undefined || this.#shards === shards;
  }
}
