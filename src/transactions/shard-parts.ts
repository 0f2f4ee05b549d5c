/** The parts of a shard, put together when its object starts. */
import { readConfig } from "../config";
import type { Env } from "../env";
import { createLog } from "../observability/log";
import { createProcessor, logProcessorMode, toProcessorTerms } from "../processor/create";
import { abortObject } from "../runtime/abort-object";
import type { Alarm } from "../runtime/alarm";
import { createAlarm } from "./alarm-schedule";
import { ShardArchive } from "./archive/shard-archive";
import { Charges } from "./charging/charges";
import { createOutcomeRecorder } from "./charging/record-outcome";
import { Recovery } from "./charging/recovery";
import type { Command } from "./commands/command";
import { Counters } from "./counters";
import { BatchProcessor, type Committed } from "./group-commit/batch-processor";
import { Batcher } from "./group-commit/batcher";
import { CommitDelay } from "./group-commit/commit-delay";
import { Journal } from "./journal/journal";
import { MerchantBooks } from "./outbox/merchant-books";
import { OutboxRelays } from "./outbox/relays";
import { createDecisionSources } from "./risk/decision-inputs";

export type ShardParts = {
  journal: Journal;
  counters: Counters;
  relays: OutboxRelays;
  charges: Charges;
  archive: ShardArchive;
  batcher: Batcher<Command, Committed>;
  /** Claims need no decision inputs and no write to D1, so they do not wait for commands that do. */
  claim_batcher: Batcher<Command, Committed>;
  commit_delay: CommitDelay;
  recovery: Recovery;
  alarm: Alarm;
  /** The deployment's shard count; undefined before the first call. */
  shards: number | undefined;
};

export function createShardParts(state: DurableObjectState, env: Env): ShardParts {
  const { storage } = state;
  const { sql } = storage;
  const config = readConfig(env);
  const log = createLog(config.log_level);
  logProcessorMode(config, log);
  const journal = storage.transactionSync(() => new Journal(sql));
  // With an object for each transaction there are millions of objects, and none is scraped.
  const counters = new Counters(journal.state, config.transaction_shards > 0);
  const books = new MerchantBooks(env, config.books);
  const relays = new OutboxRelays(journal, sql, counters, env, books, config, log);
  const shards = () => parts.shards;
  const common = { journal, counters, relays, books, log, shards };
  const archive = new ShardArchive({ ...common, storage, env, config });
  const payments = createProcessor(config);
  const submit = (command: Command) => parts.batcher.submit(command);
  const record = createOutcomeRecorder(submit, log);
  const charges = new Charges(payments, config.processor_timeout_ms, record, journal.details);
  const processor = new BatchProcessor({
    ...common,
    sources: createDecisionSources(env, config, log),
    processor: toProcessorTerms(payments, config),
    waits_for_book: config.transaction_shards === 0,
    arm: (nowMs, hasWritten) => parts.alarm[hasWritten ? "armAfterWrite" : "arm"](nowMs),
    reset: (fault) => abortObject(state, log, fault),
  });
  const recovery = new Recovery({
    ...common,
    charges,
    submit,
    moveEarlierEvents: () => storage.transactionSync(() => journal.moveEarlierEvents()),
    archive: (nowMs) => archive.archiver?.run(nowMs),
  });
  const commit_delay = new CommitDelay();
  const run = (commands: Command[]) => processor.run(commands);
  const parts: ShardParts = {
    journal,
    counters,
    relays,
    charges,
    archive,
    batcher: new Batcher(commit_delay, run),
    claim_batcher: new Batcher(commit_delay, run),
    commit_delay,
    recovery,
    alarm: createAlarm(storage, journal, relays, counters, archive.archiver),
    shards: journal.checkpoints.get("transaction_shards"),
  };
  return parts;
}
