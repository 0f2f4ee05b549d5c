/** Merchants' rules and lists, in memory, so that no create reads D1 while its merchant is busy.
 *
 *  What is known is shared by all objects of an isolate; what is asked belongs to the object that asks,
 *  because none may wait for another's call. Nothing in here decides anything. */
import { DatabaseUnavailable, openDatabase } from "../../d1/query";
import { type MerchantRisk, readRisk, readRiskVersion } from "../../d1/risk-rules";
import { type ListEntry, type Lists, listsOf, NO_LISTS } from "../../domain/risk/lists/list";
import type { VersionedRuleSet } from "../../domain/risk/rule-set";
import { ageMs } from "../../domain/time/clock";
import { describeFault, type Log } from "../../observability/log";
import { BoundedCache } from "../../runtime/bounded-cache";
import { Cooldown } from "../../runtime/cooldown";
import { SingleFlight } from "../../runtime/single-flight";

/** From this age on what is known is asked for again, while it goes on being used. */
const REFRESH_AFTER_MS = 2_000;
/** From this age on payments wait for the answer, so that one that arrives five seconds after a change is
 *  decided by it. A second of that is for clocks that disagree. */
const FRESH_MS = 4_000;
/** A read takes a few milliseconds. Whoever waits longer keeps a whole round waiting. */
const READ_LIMIT_MS = 1_000;
/** After D1 has failed, the cached rules are used without a read for this long. */
const COOLDOWN_MS = 2_000;
/** Rules and lists of all merchants together, of the isolate's 128 megabytes. One merchant's are 6 at most. */
const MAX_BYTES = 20_000_000;
/** Estimates, on the large side, of what is kept: rules as objects are some times their text, and an entry
 *  has its place in a map beside its own text. */
const BYTES = { merchant: 1_000, rule_character: 5, entry: 150, entry_character: 2 };

/** What decides a merchant's payments: undefined rules mean the deployment's default. */
export type MerchantRules = { rules: VersionedRuleSet | undefined; lists: Lists };

type Entry = MerchantRules & { version: number; asked_at_ms: number; bytes: number };

const known = new BoundedCache<Entry>({ max_weight: MAX_BYTES, weigh: ({ bytes }) => bytes });

/** Drops what this isolate knows of a merchant, or of all. */
export function forgetRisk(merchantId?: string): void {
  if (merchantId === undefined) known.clear();
  else known.delete(merchantId);
}

/** Where it is read: everything, or just the number that goes up with every change. */
export type RiskReader = {
  risk: (merchantId: string, nowMs: number) => Promise<MerchantRisk>;
  version: (merchantId: string) => Promise<number>;
};

export function createRulesReader(binding: D1Database): RiskReader {
  const db = openDatabase(binding);
  return {
    risk: (merchantId, nowMs) => readRisk(db, merchantId, nowMs, READ_LIMIT_MS),
    version: (merchantId) => readRiskVersion(db, merchantId, READ_LIMIT_MS),
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

  /** A merchant's rules and lists, at once when they are fresh. When D1 cannot be asked, the last known.
   *  @throws DatabaseUnavailable when none are: the merchant may have blocked somebody. */
  of(merchantId: string): MerchantRules | Promise<MerchantRules> {
    const now = Date.now();
    const entry = known.get(merchantId);
    const age = ageMs(entry?.asked_at_ms ?? 0, now);
    const isCooling = this.#cooldown.isActive(now);
    if (entry && (age < REFRESH_AFTER_MS || isCooling)) return entry;
    // Unlike the lookup of an API key, which waits for D1 here: that one delays a single request, and this one a
    // whole batch.
    if (isCooling) throw new DatabaseUnavailable("the database has just failed");
    const read = this.#reads.run(merchantId, () => this.#read(merchantId, entry));
    const orKnown = read.catch((fault: unknown) => {
      this.#cooldown.start(Date.now());
      this.#log("error", "risk_rules.failed", {
        merchant_id: merchantId,
        fault: describeFault(fault),
      });
      if (entry) return entry;
      throw fault;
    });
    return entry && age < FRESH_MS ? entry : orKnown;
  }

  async #read(merchantId: string, entry: Entry | undefined): Promise<Entry> {
    const askedAtMs = Date.now();
    const isSame = entry && (await this.#reader.version(merchantId)) === entry.version;
    const next = isSame
      ? { ...entry, asked_at_ms: askedAtMs }
      : entryOf(await this.#reader.risk(merchantId, askedAtMs), askedAtMs);
    // Another object may have asked later and been answered sooner.
    const other = known.peek(merchantId);
    const isLater = other && other.asked_at_ms > askedAtMs && other.asked_at_ms <= Date.now();
    if (isLater) return other;
    known.set(merchantId, next);
    return next;
  }
}

function entryOf({ version, rule_set, entries }: MerchantRisk, askedAtMs: number): Entry {
  return {
    rules: rule_set && { version: rule_set.version, rule_set: rule_set.rule_set },
    lists: entries.length === 0 ? NO_LISTS : listsOf(entries),
    version,
    asked_at_ms: askedAtMs,
    bytes: bytesOf(rule_set, entries),
  };
}

/** Of what was just read, so that it is added up once for each change. */
function bytesOf(rules: MerchantRisk["rule_set"], entries: ListEntry[]): number {
  let bytes = BYTES.merchant;
  if (rules) bytes += JSON.stringify(rules.rule_set).length * BYTES.rule_character;
  for (const { value } of entries) bytes += BYTES.entry + value.length * BYTES.entry_character;
  return bytes;
}
