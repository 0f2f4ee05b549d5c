/** Merchants' rules and lists in memory, so that creates of a busy merchant do not read D1.
 *
 *  All objects of an isolate share the cache. Reads belong to the object that makes them, because an object cannot wait
 *  for the I/O of another one. */
import { DatabaseUnavailable, openDatabase } from "../../d1/query";
import { type MerchantRisk, readRisk, readRiskVersion } from "../../d1/risk-rules";
import { buildLists, type ListEntry, type Lists, NO_LISTS } from "../../domain/risk/lists/list";
import type { VersionedRuleSet } from "../../domain/risk/rule-set";
import { ageMs } from "../../domain/time/clock";
import { describeFault, type Log } from "../../observability/log";
import { BoundedCache } from "../../runtime/bounded-cache";
import { Cooldown } from "../../runtime/cooldown";
import { SingleFlight } from "../../runtime/single-flight";

/** Entries of this age are read again in the background and used meanwhile. */
const REFRESH_AFTER_MS = 2_000;
/** Payments wait for the read of an entry of this age, so that a payment that arrives five seconds after a change is
 *  decided by it. The remaining second is for clocks that differ. */
const FRESH_MS = 4_000;
/** A read takes a few milliseconds, and a whole batch waits for it. */
const READ_TIMEOUT_MS = 1_000;
/** After D1 has failed, the cached rules are used without a read for this long. */
const COOLDOWN_MS = 2_000;
/** The rules and lists of all merchants, out of the isolate's 128 MB. One merchant has at most 6 MB. */
const MAX_BYTES = 20_000_000;
/** Estimates of memory, on the large side: parsed rules take several times their text, and a list entry has a place in
 *  a map besides its text. */
const BYTES = { merchant: 1_000, rule_character: 5, entry: 150, entry_character: 2 };

/** A merchant's rules and lists. Undefined rules stand for the deployment's default. */
export type MerchantRules = { rules: VersionedRuleSet | undefined; lists: Lists };

type Entry = MerchantRules & { version: number; read_at_ms: number; bytes: number };

const cache = new BoundedCache<Entry>({ max_weight: MAX_BYTES, weigh: ({ bytes }) => bytes });

/** Removes a merchant from the cache, or all of them. */
export function forgetRisk(merchantId?: string): void {
  if (merchantId === undefined) cache.clear();
  else cache.delete(merchantId);
}

/** Reads a merchant's rules and lists, or only the number that goes up with every change of them. */
export type RiskReader = {
  risk: (merchantId: string, nowMs: number) => Promise<MerchantRisk>;
  version: (merchantId: string) => Promise<number>;
};

export function createRulesReader(binding: D1Database): RiskReader {
  const db = openDatabase(binding);
  return {
    risk: (merchantId, nowMs) => readRisk(db, merchantId, nowMs, READ_TIMEOUT_MS),
    version: (merchantId) => readRiskVersion(db, merchantId, READ_TIMEOUT_MS),
  };
}

export class RulesCache {
  readonly #reader: RiskReader;
  readonly #log: Log;
  readonly #reads = new SingleFlight<string, Entry>();
  readonly #cooldown = new Cooldown(COOLDOWN_MS);

  constructor(reader: RiskReader, log: Log) {
    this.#reader = reader;
    this.#log = log;
  }

  /** A merchant's rules and lists, without a wait while they are fresh. When D1 fails, the cached ones.
   *  @throws DatabaseUnavailable when D1 fails and none are cached. The default rules would be wrong then: the merchant
   *    may have blocked this customer. */
  get(merchantId: string): MerchantRules | Promise<MerchantRules> {
    const now = Date.now();
    const entry = cache.get(merchantId);
    const age = ageMs(entry?.read_at_ms ?? 0, now);
    const isCooling = this.#cooldown.isActive(now);
    if (entry && (age < REFRESH_AFTER_MS || isCooling)) return entry;
    // Unlike the lookup of an API key, which waits for D1 here: that one delays a single request, and this one a
    // whole batch.
    if (isCooling) throw new DatabaseUnavailable("the database has just failed");
    const read = this.#reads.run(merchantId, () => this.#read(merchantId, entry));
    const orCached = read.catch((fault: unknown) => {
      this.#cooldown.start(Date.now());
      this.#log("error", "risk_rules.failed", {
        merchant_id: merchantId,
        fault: describeFault(fault),
      });
      if (entry) return entry;
      throw fault;
    });
    return entry && age < FRESH_MS ? entry : orCached;
  }

  async #read(merchantId: string, entry: Entry | undefined): Promise<Entry> {
    const readAtMs = Date.now();
    const isSame = entry && (await this.#reader.version(merchantId)) === entry.version;
    const next = isSame
      ? { ...entry, read_at_ms: readAtMs }
      : toEntry(await this.#reader.risk(merchantId, readAtMs), readAtMs);
    // Another object may have begun its read later and finished sooner.
    const other = cache.peek(merchantId);
    const isLater = other && other.read_at_ms > readAtMs && other.read_at_ms <= Date.now();
    if (isLater) return other;
    cache.set(merchantId, next);
    return next;
  }
}

function toEntry({ version, rule_set, entries }: MerchantRisk, readAtMs: number): Entry {
  return {
    rules: rule_set && { version: rule_set.version, rule_set: rule_set.rule_set },
    lists: entries.length === 0 ? NO_LISTS : buildLists(entries),
    version,
    read_at_ms: readAtMs,
    bytes: estimateBytes(rule_set, entries),
  };
}

/** The memory of an entry, estimated once for each change. */
function estimateBytes(rules: MerchantRisk["rule_set"], entries: ListEntry[]): number {
  let bytes = BYTES.merchant;
  if (rules) bytes += JSON.stringify(rules.rule_set).length * BYTES.rule_character;
  for (const { value } of entries) bytes += BYTES.entry + value.length * BYTES.entry_character;
  return bytes;
}
