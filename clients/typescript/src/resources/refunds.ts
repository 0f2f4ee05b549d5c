/** Refunds of all transactions. `transactions.refund` makes one. */
import type { Refund, RefundList } from "../generated/schemas.js";
import { Pages } from "../pages.js";
import type { CallOptions, Query, Transport } from "../transport.js";
import { type WaitOptions, waitFor } from "../wait.js";

export class Refunds {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get(id: string, options?: CallOptions): Promise<Refund> {
    return this.#transport.call("getRefund", { path: { id }, options });
  }

  /** Refunds, newest first. */
  list(query: Query<"listRefunds"> = {}, options?: CallOptions): Pages<Refund, RefundList> {
    return new Pages((cursor = query.cursor) =>
      this.#transport.call("listRefunds", { query: { ...query, cursor }, options }),
    );
  }

  /** Waits while the refund is `pending`.
   *  @throws OutcomePendingError, with the refund as it is, when the time is over */
  waitUntilFinal(refund: string | Refund, options?: WaitOptions): Promise<Refund> {
    const id = typeof refund === "string" ? refund : refund.id;
    return waitFor(
      {
        known: typeof refund === "string" ? undefined : refund,
        get: (callOptions) => this.get(id, callOptions),
        isOver: ({ status }) => status !== "pending",
      },
      options,
    );
  }
}
