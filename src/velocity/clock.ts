/** The object's own clock: the machine's, but it does not go back, also not when the object starts again on a machine
 *  whose clock is behind. */
import { WINDOWS_MS } from "../domain/risk/measure";

/** While the machine's clock is at most this far behind, the object's stands still: as long as the shortest window. */
const MAX_STEP_BACK_MS = WINDOWS_MS["1m"];
/** The time is a row, and each write of a row is billed. After a restart the clock is at most this far behind the one
 *  before, so it may stand still for twice as long as otherwise before it is set back. */
const STORED_EVERY_MS = WINDOWS_MS["1m"];

export class ObjectClock {
  readonly #sql: SqlStorage;
  #nowMs: number;
  #storedMs: number;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    const [stored] = sql
      .exec<{ newest_at: number }>("SELECT newest_at FROM clock WHERE id = 1")
      .toArray();
    this.#storedMs = stored?.newest_at ?? 0;
    this.#nowMs = this.#storedMs;
  }

  /** The object's time. When the machine's clock is far behind, it was ahead before, and `setBack` is called: it has to
   *  correct the times that were stored, in the same commit.
   *  @param machineMs the machine's time */
  tick(machineMs: number, setBack: (nowMs: number) => void): number {
    if (this.#nowMs - machineMs > MAX_STEP_BACK_MS) {
      setBack(machineMs);
      this.#nowMs = machineMs;
      this.#store();
    }
    this.#nowMs = Math.max(machineMs, this.#nowMs);
    if (this.#nowMs - this.#storedMs >= STORED_EVERY_MS) this.#store();
    return this.#nowMs;
  }

  #store(): void {
    this.#sql.exec("INSERT OR REPLACE INTO clock (id, newest_at) VALUES (1, ?)", this.#nowMs);
    this.#storedMs = this.#nowMs;
  }
}
