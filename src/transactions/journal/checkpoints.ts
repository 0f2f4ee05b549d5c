/** A shard's stored numbers, each with a name, in the shard's state row. */
import type { StateRow } from "../../runtime/state/state-row";

/** The position up to which a destination has every event, the position up to which every claim has an outcome or a row
 *  in `charges`, how far the book's transactions of earlier releases are moved and where that ends, and the deployment's
 *  shard count. */
export type CheckpointName =
  | "book_delivered_through"
  | "webhooks_delivered_through"
  | "stream_delivered_through"
  | "velocity_delivered_through"
  | "charges_stored_through"
  | "book_moved_through"
  | "book_move_until"
  | "transaction_shards"
  | "archive_passed_at_ms";

type Values = Partial<Record<CheckpointName, number>>;

export class Checkpoints {
  readonly #state: StateRow;
  readonly #values: Values;

  constructor(state: StateRow) {
    this.#state = state;
    this.#values = state.add<Values>("checkpoints", () => JSON.stringify(this.#values)) ?? {};
  }

  get(name: CheckpointName): number | undefined {
    return this.#values[name];
  }

  /** Changes a number, which is stored with the next write of the state row. */
  set(name: CheckpointName, value: number): void {
    if (this.#values[name] === value) return;
    this.#values[name] = value;
    this.#state.changed();
  }
}
