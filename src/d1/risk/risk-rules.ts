/** Merchants' fraud rules in D1: every version as it was sent, and everything that a decision needs. */
import { and, desc, eq, gt, isNull, lt, lte, or, sql } from "drizzle-orm";
import { MAX_KEPT_VERSIONS } from "../../domain/risk/limits";
import type { ListEntry } from "../../domain/risk/lists/list";
import type { RuleSet, VersionedRuleSet } from "../../domain/risk/rule-set";
import { type Database, queryD1 } from "../query";
import { riskListEntries, riskRuleSets, riskVersions } from "./risk-schema";

export type StoredRuleSet = VersionedRuleSet & { created_at: number };

/** A stored version without its rules. */
type RuleSetVersion = Pick<StoredRuleSet, "version" | "created_at">;

/** A merchant's rules and list entries. `version` goes up with every change of any of them. */
export type MerchantRisk = {
  version: number;
  /** Undefined: the merchant has no rules of its own, and the deployment's default applies. */
  rule_set: VersionedRuleSet | undefined;
  entries: ListEntry[];
};

const selectVersion = (db: Database, merchantId: string) =>
  db
    .select({ version: riskVersions.version })
    .from(riskVersions)
    .where(eq(riskVersions.merchant_id, merchantId));

const selectNewest = (db: Database, merchantId: string) =>
  db
    .select()
    .from(riskRuleSets)
    .where(eq(riskRuleSets.merchant_id, merchantId))
    .orderBy(desc(riskRuleSets.version))
    .limit(1);

/** All of it as of one moment, since a batch is one transaction; without entries that have expired by `nowMs`. */
export async function readRisk(
  db: Database,
  merchantId: string,
  nowMs: number,
  limitMs?: number,
): Promise<MerchantRisk> {
  const { list, field, value, expires_at } = riskListEntries;
  const [versions, newest, entries] = await queryD1(
    db.batch([
      selectVersion(db, merchantId),
      selectNewest(db, merchantId),
      db
        .select({ list, field, value, expires_at_ms: expires_at })
        .from(riskListEntries)
        .where(
          and(
            eq(riskListEntries.merchant_id, merchantId),
            or(isNull(expires_at), gt(expires_at, nowMs)),
          ),
        ),
    ]),
    limitMs,
  );
  return { version: versions[0]?.version ?? 0, rule_set: newest[0], entries };
}

/** The version of a merchant's rules and lists, to check a cached copy: one row, by its key. 0: there are none. */
export async function readRiskVersion(
  db: Database,
  merchantId: string,
  limitMs?: number,
): Promise<number> {
  return (await queryD1(selectVersion(db, merchantId), limitMs))[0]?.version ?? 0;
}

/** The merchant's newest rule set, or undefined when there is none. */
export async function readRuleSet(
  db: Database,
  merchantId: string,
): Promise<StoredRuleSet | undefined> {
  return (await queryD1(selectNewest(db, merchantId)))[0];
}

export async function findRuleSet(
  db: Database,
  merchantId: string,
  version: number,
): Promise<StoredRuleSet | undefined> {
  const one = and(eq(riskRuleSets.merchant_id, merchantId), eq(riskRuleSets.version, version));
  return (await queryD1(db.select().from(riskRuleSets).where(one)))[0];
}

/** Which versions a merchant has stored, the newest first, below `before`. */
export async function listRuleSetVersions(
  db: Database,
  merchantId: string,
  before: number | undefined,
  limit: number,
): Promise<RuleSetVersion[]> {
  const { merchant_id, version, created_at } = riskRuleSets;
  const below = lt(version, before ?? Number.MAX_SAFE_INTEGER);
  return queryD1(
    db
      .select({ version, created_at })
      .from(riskRuleSets)
      .where(and(eq(merchant_id, merchantId), below))
      .orderBy(desc(version))
      .limit(limit),
  );
}

export type WrittenRuleSet =
  | { ok: true; stored: StoredRuleSet }
  | { ok: false; current_version: number };

/** Stores a rule set as the next version, if `expectedVersion` is the newest one: of several writers that have read the
 *  same version exactly one succeeds. */
export async function writeRuleSet(
  db: Database,
  merchantId: string,
  expectedVersion: number,
  ruleSet: RuleSet,
  nowMs: number,
): Promise<WrittenRuleSet> {
  const { merchant_id, version } = riskRuleSets;
  const next = expectedVersion + 1;
  const json = JSON.stringify(ruleSet);
  const newestThere = sql`(SELECT max(${version}) FROM ${riskRuleSets} WHERE ${merchant_id} = ${merchantId})`;
  const [inserted, , newest] = await queryD1(
    db.batch([
      db
        .insert(riskRuleSets)
        .select(
          sql`SELECT ${merchantId}, ${next}, ${json}, ${nowMs} WHERE ${expectedVersion} =
            coalesce(${newestThere}, 0)`,
        )
        .returning(),
      // Relative to the stored version, not to the caller's: this runs for a refused change, too.
      db
        .delete(riskRuleSets)
        .where(
          and(
            eq(merchant_id, merchantId),
            lte(version, sql`${newestThere} - ${MAX_KEPT_VERSIONS}`),
          ),
        ),
      selectNewest(db, merchantId),
    ]),
  );
  const [stored] = inserted;
  return stored ? { ok: true, stored } : { ok: false, current_version: newest[0]?.version ?? 0 };
}
