/** Compares what two books have of a merchant, by sums over ranges of keys. Each row's bytes were read again when it was copied. */
import { queryD1 } from "../../query";
import { type Part, STATEMENTS } from "./parts";

export type Comparison = {
  /** What differs, for people; undefined when nothing does. */
  difference: string | undefined;
  /** How many rows were compared: all of a full range, otherwise unknown. */
  rows: number;
  /** The last key of the range; undefined when there are no rows behind it. */
  end: string | undefined;
};

/** Compares so many rows of a part after a key. @throws DatabaseUnavailable */
export async function compareRange(
  source: D1Database,
  target: D1Database,
  part: Part,
  merchantId: string,
  after: string,
  rows: number,
): Promise<Comparison> {
  const { end: endOf, last, summarize } = STATEMENTS[part];
  const found = await queryD1(
    source
      .prepare(endOf)
      .bind(merchantId, after, rows - 1)
      .first<{ key: string }>(),
  );
  const end = found?.key;
  const [before, now] = await Promise.all(
    [source, target].map(async (db) => {
      const statement = db.prepare(summarize).bind(merchantId, after, end ?? last);
      const { results } = await queryD1(statement.all<{ summary: string }>());
      return JSON.stringify(results.map(({ summary }) => summary));
    }),
  );
  const difference =
    before === now ? undefined : `${part} after ${after}: ${before} and not ${now}`;
  return { difference, end, rows: end === undefined ? 0 : rows };
}
