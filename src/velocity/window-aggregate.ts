/** One aggregate of one window: what it adds up, how it is read from the rows, and its value. */
import { MOST_DIFFERENT, type Rolled, WINDOWS_MS } from "../domain/risk/measure";
import type { Release } from "../domain/risk/observation";
import type { Measure } from "../domain/risk/rule-set";
import { sqlLiteral } from "../runtime/sql-literal";

/** A payment as aggregates read it. */
export type Row = {
  at: number;
  user_id: string;
  currency: string;
  amount_minor: number;
  outcome: Release["outcome"] | null;
};

/** Different values kept at most. Twice the highest count that is returned, so that an aggregate with too many has to
 *  lose half of them before it is read from its rows again. */
const MAX_KEPT = 2 * MOST_DIFFERENT;
/** Sums are read in two limbs: a week of the largest amounts overflows 64 bits, and a number has only 53. */
const LIMB = 1_000_000;
const LARGEST_SUM = BigInt(Number.MAX_SAFE_INTEGER);

const DECLINED = "declined" satisfies Release["outcome"];

type Tally = Map<string, bigint>;
/** Rows are tallied by key. `key` and `keySql` compute the same, and so do `weight`, `highSql` and `lowSql`. */
type AggregateFunction = {
  key: (row: Row) => string;
  /** Undefined where all rows have the same: grouping costs more than counting. */
  keySql: string | undefined;
  weight: (row: Row) => bigint;
  highSql: string;
  lowSql: string;
  value: (tally: Tally, own: Row) => number;
};

const counted = { weight: () => 1n, highSql: "0", lowSql: "count(*)" };
const different = {
  ...counted,
  value: ({ size }: Tally) => Math.min(size, MOST_DIFFERENT),
};
const AGGREGATE_FUNCTIONS: Record<Measure, AggregateFunction> = {
  count: {
    ...counted,
    key: () => "",
    keySql: undefined,
    value: (tally) => Number(tally.get("") ?? 0n),
  },
  sum: {
    key: ({ currency }) => currency,
    keySql: "currency",
    weight: ({ amount_minor }) => BigInt(amount_minor),
    highSql: `sum(amount_minor / ${LIMB})`,
    lowSql: `sum(amount_minor % ${LIMB})`,
    value: (tally, { currency }) => {
      const sum = tally.get(currency) ?? 0n;
      return Number(sum < LARGEST_SUM ? sum : LARGEST_SUM);
    },
  },
  customers: { ...different, key: ({ user_id }) => user_id, keySql: "user_id" },
  amounts: {
    ...different,
    key: ({ currency, amount_minor }) => `${currency} ${amount_minor}`,
    keySql: "currency || ' ' || amount_minor",
  },
  currencies: { ...different, key: ({ currency }) => currency, keySql: "currency" },
  declined_percent: {
    ...counted,
    key: ({ outcome }) => (outcome === DECLINED ? DECLINED : "other"),
    keySql: `iif(outcome = ${sqlLiteral(DECLINED)} AND released_after < ?3, ${sqlLiteral(DECLINED)}, 'other')`,
    value: (tally) => {
      const declined = tally.get(DECLINED) ?? 0n;
      const others = declined + (tally.get("other") ?? 0n) - 1n; // The payment itself has no outcome yet.
      return others > 0n ? Number((100n * declined) / others) : 0;
    },
  },
};

export class WindowAggregate {
  readonly #function: AggregateFunction;
  readonly #completedOnly: boolean;
  readonly #tally: Tally = new Map();
  /** For an aggregate with too many different values: how many may leave before it has to be read again. */
  #spare: number | undefined;

  constructor({ measure, completed_only }: Rolled) {
    this.#function = AGGREGATE_FUNCTIONS[measure];
    this.#completedOnly = completed_only;
  }

  add(row: Row): void {
    if (this.#counts(row)) this.#put(this.#function.key(row), this.#function.weight(row));
  }

  remove(row: Row): void {
    if (!this.#counts(row)) return;
    if (this.#spare !== undefined) {
      this.#spare -= 1;
      return;
    }
    const key = this.#function.key(row);
    const rest = (this.#tally.get(key) ?? 0n) - this.#function.weight(row);
    if (rest > 0n) this.#tally.set(key, rest);
    else this.#tally.delete(key);
  }

  /** The same payment before and after its release. */
  change(before: Row, after: Row): void {
    const { key } = this.#function;
    if (this.#counts(before) === this.#counts(after) && key(before) === key(after)) return;
    this.remove(before);
    this.add(after);
  }

  /** @param own the payment that is being counted; it was added */
  value(own: Row): number {
    return this.#spare === undefined ? this.#function.value(this.#tally, own) : MOST_DIFFERENT;
  }

  /** Whether the rows have to be read again to know the value. */
  get isSpent(): boolean {
    return this.#spare !== undefined && this.#spare < 0;
  }

  /** How many values are kept. */
  get size(): number {
    return this.#tally.size;
  }

  /** Reads the aggregate as of a payment's time and position: from the rows and the releases that were stored by then. */
  read(
    sql: SqlStorage,
    { window }: Rolled,
    own: { subject: string; at: number; position: number },
  ): void {
    const { keySql, highSql, lowSql } = this.#function;
    const groups = sql.exec<{ key: string; high: number; low: number }>(
      `SELECT ${keySql ?? "''"} AS key, ${highSql} AS high, ${lowSql} AS low
       FROM subject_payments WHERE subject = ?1 AND at > ?2 AND position <= ?3
       ${this.#completedOnly ? "AND (released_after IS NULL OR released_after >= ?3)" : ""}
       ${keySql ? "GROUP BY 1" : ""} LIMIT ?4`,
      own.subject,
      own.at - WINDOWS_MS[window],
      own.position,
      MAX_KEPT + 1,
    );
    for (const { key, high, low } of groups) {
      this.#put(key, BigInt(high) * BigInt(LIMB) + BigInt(low));
    }
  }

  #counts({ outcome }: Row): boolean {
    return !this.#completedOnly || outcome === null;
  }

  #put(key: string, weight: bigint): void {
    if (this.#spare !== undefined) return;
    this.#tally.set(key, (this.#tally.get(key) ?? 0n) + weight);
    if (this.#tally.size <= MAX_KEPT) return;
    this.#tally.clear();
    this.#spare = MAX_KEPT - MOST_DIFFERENT;
  }
}
