/** TransactionShard: the single owner of its transactions, which executes commands on them one after the other. This file
 *  has the RPC methods, described in `rpc.ts`, and the alarm; `group-commit/` forms and commits batches, and
 *  `commands/` has what each command does. */
import { DurableObject } from "cloudflare:workers";
import type { CaptureRequest } from "../domain/transaction/capture";
import type { CreateCommand } from "../domain/transaction/decisions/decide-create";
import type { Precondition } from "../domain/transaction/decisions/precondition";
import type { CreateRequest } from "../domain/transaction/idempotency";
import type { RefundRequest } from "../domain/transaction/refund";
import type { Report } from "../domain/transaction/report";
import type { ResolveRequest } from "../domain/transaction/resolution";
import type { ReviewRequest } from "../domain/transaction/review";
import type { Env } from "../env";
import { type Command, isClaim } from "./commands/command";
import { type CommandResult, refused } from "./commands/result";
import { countDuration, countGet, countRejected } from "./count-commands";
import { executeBatch } from "./execute-batch";
import { getMany } from "./get-many";
import { REFRESH_LIMIT_MS, SCRAPE_REFRESH_LIMIT_MS } from "./outbox/relays";
import * as queries from "./queries";
import type * as rpc from "./rpc";
import { type Address, type Reply, shardCountChanged, toCommandFields } from "./rpc";
import { createShardParts, type ShardParts } from "./shard-parts";

export class TransactionShard extends DurableObject<Env> implements rpc.TransactionShardRpc {
  readonly #parts: ShardParts;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    const parts = createShardParts(state, env);
    this.#parts = parts;
    state.blockConcurrencyWhile(() => parts.alarm.read().then(() => parts.alarm.arm(Date.now())));
  }

  executeBatch(calls: rpc.AddressedCall[], send: rpc.SendResults) {
    this.#parts.journal.load(calls.map(({ address }) => address.transaction_id));
    return executeBatch(this, calls, send);
  }

  getMany(addresses: rpc.ManyAddresses) {
    this.#parts.journal.load(addresses.transaction_ids);
    const archived = this.#parts.journal.selectArchived(addresses.transaction_ids);
    return getMany(this, addresses, archived);
  }

  async create(address: Address, command: CreateCommand, process?: boolean): Promise<Reply> {
    const fields = { ...toCommandFields(address), ...command, process };
    return this.#execute(address, { kind: "create", ...fields });
  }

  async repeat(address: Address, request: CreateRequest, process?: boolean): Promise<Reply> {
    const reply = await this.#read(address, () =>
      queries.repeatReply(this.#parts.journal, this.#parts.counters, address, request),
    );
    this.#parts.alarm.arm(Date.now());
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
    const is_call_under_way = (key: string) => this.#parts.charges.isUnderWay(key);
    const fields = { ...address, ...request, refund_id, is_call_under_way };
    return this.#execute(address, { kind: "resolve", ...fields });
  }

  async report(address: rpc.OperatorAddress, report: Report): Promise<rpc.ReportReply> {
    const result = await this.#run(address, { kind: "report", ...address, report });
    return queries.toReportReply(result);
  }

  async erase(address: Address, user_id: string): Promise<rpc.EraseReply> {
    const command = { ...toCommandFields(address), user_id };
    return queries.toEraseReply(await this.#run(address, { kind: "erase", ...command }));
  }

  async records(shards: number, ids: string[]): Promise<rpc.RecordsReply> {
    if (!this.#owns(shards)) return shardCountChanged;
    return this.#parts.archive.withHeld(ids, () => queries.recordsReply(this.#parts.journal, ids));
  }

  countEvents(counts: rpc.EventCounts): void {
    for (const [result, count] of Object.entries(counts)) {
      this.#parts.counters.add("processor_events", `result=${result}`, count);
    }
    if (this.#parts.counters.isOpen) this.#parts.alarm.arm(Date.now());
  }

  find(address: Address) {
    const arrivedMs = Date.now();
    const reply = this.#read(address, () => queries.findReply(this.#parts.journal, address));
    const counted = (reply: Reply): Reply => {
      const now = Date.now();
      countGet(this.#parts.counters, reply, now - arrivedMs);
      if (this.#parts.counters.isOpen) this.#parts.alarm.arm(now);
      return reply;
    };
    return reply instanceof Promise ? reply.then(counted) : counted(reply);
  }

  async events(address: Address): Promise<rpc.EventsReply> {
    return this.#read(address, () => queries.eventsReply(this.#parts.journal, address));
  }

  async eventsOfMany(wanted: rpc.EventRanges): Promise<rpc.EventsReply> {
    if (!this.#owns(wanted.shards)) return shardCountChanged;
    const ids = wanted.ranges.map(({ transaction_id }) => transaction_id);
    const { archive, journal } = this.#parts;
    return archive.withHeld(ids, () => queries.eventsOfMany(journal, wanted));
  }

  async refunds(address: Address): Promise<rpc.RefundsReply> {
    return this.#read(address, () => queries.refundsReply(this.#parts.journal, address));
  }

  async findRefund(address: Address, refundId: string): Promise<Reply> {
    return this.#read(address, () =>
      queries.findRefundReply(this.#parts.journal, address, refundId),
    );
  }

  listArchived(query: rpc.ArchiveQuery): Promise<rpc.ArchivedPage | null> {
    return this.#parts.archive.list(query);
  }

  restore(number: number, untilMs: number): Promise<number | null> {
    return this.#parts.archive.restore(number, untilMs);
  }

  eraseArchived(erasure: rpc.ArchiveErasure): Promise<rpc.ArchiveErased> {
    return this.#parts.archive.erase(erasure);
  }

  async archiveNow(): Promise<void> {
    await this.#parts.archive.archiver?.runNow();
  }

  segments(after: number): rpc.SegmentInfo[] {
    return this.#parts.archive.segments(after);
  }

  ready(): rpc.ShardReadiness {
    const now = Date.now();
    this.#parts.alarm.arm(now);
    return {
      backlogs: this.#parts.relays.backlogs(now),
      charges: this.#parts.journal.charges.summarize(now),
    };
  }

  refreshBook(merchantId: string | null): Promise<number | null> {
    return this.#parts.relays.refreshBook(merchantId, Date.now(), REFRESH_LIMIT_MS);
  }

  async metrics(): Promise<rpc.ShardMetrics> {
    await this.#parts.relays.refreshBook(null, Date.now(), SCRAPE_REFRESH_LIMIT_MS);
    this.#parts.journal.state.write();
    const bytes = this.ctx.storage.sql.databaseSize;
    return { counts: this.#parts.counters.all(), bytes, ...this.ready() };
  }

  rebuildBook(notBeforeMs: number): number {
    this.#parts.relays.rebuildBook(notBeforeMs);
    this.#parts.archive.archiver?.bookWasSetBack(Date.now());
    this.#parts.alarm.arm(Date.now());
    return this.#parts.journal.lastPosition;
  }

  override async alarm(): Promise<void> {
    this.#parts.alarm.fired();
    await this.#parts.recovery.run(Date.now());
    this.#parts.alarm.arm(Date.now());
  }

  async #execute(address: rpc.OperatorAddress, command: Command): Promise<Reply> {
    return queries.toReply(this.#parts.journal, await this.#run(address, command));
  }

  async #run({ shards }: rpc.OperatorAddress, command: Command): Promise<CommandResult> {
    const arrivedMs = Date.now();
    this.#parts.commit_delay.arrived();
    try {
      if (!this.#owns(shards)) {
        countRejected(this.#parts.counters, command);
        return refused(shardCountChanged.refusal);
      }
      this.#parts.shards = shards;
      const batcher = isClaim(command) ? this.#parts.claim_batcher : this.#parts.batcher;
      const submitted = await this.#parts.archive.withHeld([command.transaction_id], () =>
        batcher.submit(command),
      );
      if ("refusal" in submitted) return refused(submitted.refusal);
      const { result, in_book } = submitted;
      if (result.kind === "pending") {
        return await this.#parts.charges.carryOutIfDue(result, command.traceparent);
      }
      await in_book;
      return result;
    } finally {
      this.#parts.commit_delay.responded();
      const now = Date.now();
      countDuration(this.#parts.counters, command, now - arrivedMs);
      if (this.#parts.counters.isOpen) this.#parts.alarm.arm(now);
    }
  }

  #read<Result>({ shards, transaction_id }: Address, read: () => Result) {
    if (!this.#owns(shards)) return shardCountChanged;
    return this.#parts.archive.withHeld([transaction_id], read);
  }

  /** An object serves only the shard count of its first call: with another count the same keys have other owners. */
  #owns(shards: number): boolean {
    return this.#parts.shards === undefined || this.#parts.shards === shards;
  }
}
