/** The numbering of deliveries, 1, 2, 3 … A position is never used again, because cursors hold positions.
 *
 *  The object's state row has the last position at the time when the row was written. A commit that only adds deliveries
 *  does not write the row, which would be one more for each: the newest delivery has the last position until then. */
import type { StateRow } from "../../runtime/state/state-row";

type Stored = { position: number };

export class Numbering {
  #last: number;
  /** How many deliveries were added after the state row was written last, in the life before. The counters in it do not
   *  have them. */
  readonly uncounted: number;

  constructor(sql: SqlStorage, state: StateRow) {
    const serialize = () => JSON.stringify({ position: this.#last } satisfies Stored);
    const stored = state.add<Stored>("checkpoints", serialize)?.position ?? 0;
    const { last, added } = sql
      .exec<{ last: number | null; added: number }>(
        "SELECT max(position) AS last, count(*) AS added FROM deliveries WHERE position > ?",
        stored,
      )
      .one();
    this.#last = last ?? stored;
    this.uncounted = added;
  }

  /** The next position. A commit that is rolled back leaves a gap. */
  next(): number {
    this.#last += 1;
    return this.#last;
  }
}
