/** The feed of all events. */
import type { PaymentEvent, PaymentEventList } from "../events.js";
import { Pages } from "../pages.js";
import type { CallOptions, Query, Transport } from "../transport.js";

export class EventFeed {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Events of all transactions, oldest first, up to the newest. To continue later, read `pages()`, store the
   * `next_cursor` of each page with what it caused, and pass the last one as `cursor`.
   */
  list(
    query: Query<"listEvents"> = {},
    options?: CallOptions,
  ): Pages<PaymentEvent, PaymentEventList> {
    return new Pages((cursor = query.cursor) => {
      const page = this.#transport.call("listEvents", { query: { ...query, cursor }, options });
      // The `type` of an event decides what its `data` is.
      return page as Promise<unknown> as Promise<PaymentEventList>;
    });
  }
}
