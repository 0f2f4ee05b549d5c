/** Merchants' rules and lists in memory, so that creates of a busy merchant do not read D1.
 *
 *  All objects of an isolate share the cache. Reads belong to the object that makes them, because an object cannot wait
 *  for the I/O of another one. */
import { openDatabase } from "../../d1/query";
import { type MerchantRisk, readRisk, readRiskVersion } from "../../d1/risk/risk-rules";
import { buildLists, type ListEntry, type Lists, NO_LISTS } from "../../domain/risk/lists/list";
import type { VersionedRuleSet } from "../../domain/risk/rule-set";
import { describeFault, type Log } from "../../observability/log";
import { RefreshedCache } from "../../runtime/cache/refreshed-cache";
import { SingleFlight } from "../../runtime/single-flight";

/** Entries of this age are read again in the background and used meanwhile. */
const REFRESH_AFTER_MS = 2_000;
/** Payments wait for the read of an entry of this age, so that a payment that arrives five seconds after a change is
 *  decided by it. The remaining second is for clocks that differ. */
const FRESH_MS = 4_000;
/** A read takes a few milliseconds, and a whole batch waits for it. With `REFRESH_AFTER_MS` it is less than `FRESH_MS`:
 *  when D1 hangs, that is known before a batch has to wait. */
const READ_TIMEOUT_MS = 1_000;
/** The rules and lists of all merchants, out of the isolate's 128 MB. One merchant has at most 6 MB. */
const MAX_BYTES = 20_000_000;
/** Estimates of memory, on the large side: parsed rules take several times their text, and a list entry has a place in
 *  a map besides its text. */
const BYTES = { merchant: 1_000, rule_character: 5, entry: 150, entry_character: 2 };

/** A merchant's rules and lists. Undefined rules stand for the deployment's default. */
export type MerchantRules = { rules: VersionedRuleSet | undefined; lists: Lists };

type Entry = MerchantRules & { version: number; bytes: number };

const cache = new RefreshedCache<Entry>({
  refresh_after_ms: REFRESH_AFTER_MS,
  fresh_ms: FRESH_MS,
  // While D1 fails, rules cannot be changed either.
  usable_ms: Number.POSITIVE_INFINITY,
  wait_ms: { cached: READ_TIMEOUT_MS, uncached: READ_TIMEOUT_MS },
  // Unlike an API key, for which a single request waits: a whole batch waits here, for merchants that are cached too.
  uncached_reads_while_failing: 0,
  max_bytes: MAX_BYTES,
  estimateBytes: ({ bytes }) => bytes,
});

/** Removes all merchants from the cache. */
export function forgetRisk(): void {
  cache.clear();
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

  constructor(reader: RiskReader, log: Log) {
    this.#reader = reader;
    this.#log = log;
  }

  /** A merchant's rules and lists, without a wait while they are fresh or D1 is known to fail.
   *  @throws when D1 fails and none are cached. The default rules would be wrong then: the merchant may have blocked
   *    this customer. */
  get(merchantId: string): MerchantRules | Promise<MerchantRules> {
    return cache.get(merchantId, {
      reads: this.#reads,
      read: (cached) => this.#read(merchantId, cached),
      // An object's work does not end with a request.
      keep: () => undefined,
    });
  }

  async #read(merchantId: string, cached: Entry | undefined): Promise<Entry> {
    try {
      const isSame = cached && (await this.#reader.version(merchantId)) === cached.version;
      return isSame ? cached : toEntry(await this.#reader.risk(merchantId, Date.now()));
    } catch (fault) {
      const described = { merchant_id: merchantId, fault: describeFault(fault) };
      this.#log("error", "risk_rules.failed", described);
      throw fault;
    }
  }
}

function toEntry({ version, rule_set, entries }: MerchantRisk): Entry {
  return {
    rules: rule_set && { version: rule_set.version, rule_set: rule_set.rule_set },
    lists: entries.length === 0 ? NO_LISTS : buildLists(entries),
    version,
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
