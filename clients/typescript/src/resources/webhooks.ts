/** Webhook endpoints and the log of deliveries. */
import type {
  ChangeWebhookEndpoint,
  CreatedWebhookEndpoint,
  CreateWebhookEndpoint,
  RecoveredWebhooks,
  RecoverWebhooks,
  RotatedWebhookSecret,
  RotateWebhookSecret,
  WebhookDelivery,
  WebhookDeliveryList,
  WebhookEndpoint,
  WebhookEndpointList,
} from "../generated/schemas.js";
import { Pages } from "../pages.js";
import { removeOnce } from "../remove.js";
import type { CallOptions, Query, Transport } from "../transport.js";

/** A create, a rotation, a test and a recovery are not repeated after a lost response: a second one would be another. */
export class WebhookEndpoints {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Registers an endpoint. Only this result and that of a rotation have the `secret`. */
  create(body: CreateWebhookEndpoint, options?: CallOptions): Promise<CreatedWebhookEndpoint> {
    return this.#transport.call("createWebhookEndpoint", { body, options });
  }

  get(id: string, options?: CallOptions): Promise<WebhookEndpoint> {
    return this.#transport.call("getWebhookEndpoint", { path: { id }, options });
  }

  /** All endpoints. */
  list(options?: CallOptions): Promise<WebhookEndpointList> {
    return this.#transport.call("listWebhookEndpoints", { options });
  }

  /** Changes the members that are sent. */
  change(id: string, body: ChangeWebhookEndpoint, options?: CallOptions): Promise<WebhookEndpoint> {
    return this.#transport.call("changeWebhookEndpoint", { path: { id }, body, options });
  }

  remove(id: string, options?: CallOptions): Promise<void> {
    return removeOnce(this.#transport.call("removeWebhookEndpoint", { path: { id }, options }));
  }

  /** A new secret. The old one signs too until it expires. The id `default` stands for the secret of `webhook_url`. */
  rotateSecret(
    id: string,
    body: RotateWebhookSecret = {},
    options?: CallOptions,
  ): Promise<RotatedWebhookSecret> {
    return this.#transport.call("rotateWebhookSecret", { path: { id }, body, options });
  }

  /** Sends an event of the type `webhook_endpoint.test`. */
  test(id: string, options?: CallOptions): Promise<WebhookDelivery> {
    return this.#transport.call("testWebhookEndpoint", { path: { id }, options });
  }

  /** Sends failed deliveries again. Repeat it while the result has `has_more`. */
  recover(id: string, body: RecoverWebhooks, options?: CallOptions): Promise<RecoveredWebhooks> {
    return this.#transport.call("recoverWebhookDeliveries", { path: { id }, body, options });
  }
}

export class WebhookDeliveries {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get(id: string, options?: CallOptions): Promise<WebhookDelivery> {
    return this.#transport.call("getWebhookDelivery", { path: { id }, options });
  }

  /** Deliveries, newest first. A page can be empty although more follow. */
  list(
    query: Query<"listWebhookDeliveries"> = {},
    options?: CallOptions,
  ): Pages<WebhookDelivery, WebhookDeliveryList> {
    return new Pages((cursor = query.cursor) =>
      this.#transport.call("listWebhookDeliveries", { query: { ...query, cursor }, options }),
    );
  }

  /** Sends a delivery again, under the same event id. */
  redeliver(id: string, options?: CallOptions): Promise<WebhookDelivery> {
    return this.#transport.call("redeliverWebhook", { path: { id }, options });
  }
}
