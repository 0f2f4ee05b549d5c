/** Erasing the data of customers. */
import type { Erasure } from "../generated/schemas.js";
import type { CallOptions, Transport } from "../transport.js";
import { type WaitOptions, waitFor } from "../wait.js";

export class Customers {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Begins to erase a customer's data, which cannot be undone. A repeated call begins another erasure, which finds what is
   *  left. */
  erase(userId: string, options?: CallOptions): Promise<Erasure> {
    return this.#transport.call("eraseCustomer", { path: { user_id: userId }, options });
  }

  getErasure(id: string, options?: CallOptions): Promise<Erasure> {
    return this.#transport.call("getErasure", { path: { id }, options });
  }

  /** Waits until an erasure is complete.
   *  @throws OutcomePendingError, with the erasure as it is, when the time is over */
  waitUntilErased(erasure: string | Erasure, options?: WaitOptions): Promise<Erasure> {
    const id = typeof erasure === "string" ? erasure : erasure.id;
    return waitFor(
      {
        known: typeof erasure === "string" ? undefined : erasure,
        get: (callOptions) => this.getErasure(id, callOptions),
        isOver: ({ status }) => status === "completed",
      },
      options,
    );
  }
}
