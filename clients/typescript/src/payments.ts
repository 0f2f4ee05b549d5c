/** The client. */
import { Customers } from "./resources/customers.js";
import { EventFeed } from "./resources/event-feed.js";
import { Refunds } from "./resources/refunds.js";
import { RiskLists, RiskRules } from "./resources/risk.js";
import { Transactions } from "./resources/transactions.js";
import { WebhookDeliveries, WebhookEndpoints } from "./resources/webhooks.js";
import { type Fetch, Transport } from "./transport.js";

/** Longer than the API waits for the processor and its own parts. */
const TIMEOUT_MS = 30_000;
const MAX_RETRIES = 3;
const MOST_RETRIES = 10;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export type PaymentsOptions = {
  /** A merchant's key, `sk_…`. */
  apiKey: string;
  /** Where the API is, such as `https://payments.example`, without `/api/v1`. */
  baseUrl: string;
  /** In place of the platform's `fetch`, such as that of a service binding. */
  fetch?: Fetch;
  /** Limit for each attempt. Default: 30,000. */
  timeoutMs?: number;
  /** Attempts after the first one, 0 to 10. Default: 3. */
  maxRetries?: number;
  /** Whether `baseUrl` may be `http:` for another host than this machine. The API key is then readable on the way. */
  allowInsecureHttp?: boolean;
};

/**
 * A client of the payments API for one merchant.
 *
 * ```ts
 * const payments = new Payments({ apiKey: process.env.KEY, baseUrl: "https://payments.example" });
 * const transaction = await payments.transactions.create(
 *   { user_id: "user_123", amount: "100.50", currency: "USD", process: true },
 *   { idempotencyKey: "order-1001" },
 * );
 * ```
 */
export class Payments {
  readonly transactions: Transactions;
  readonly refunds: Refunds;
  readonly customers: Customers;
  readonly events: EventFeed;
  readonly riskRules: RiskRules;
  readonly riskLists: RiskLists;
  readonly webhookEndpoints: WebhookEndpoints;
  readonly webhookDeliveries: WebhookDeliveries;

  /** @throws TypeError if an option cannot be used */
  constructor(options: PaymentsOptions) {
    const { apiKey, timeoutMs = TIMEOUT_MS, maxRetries = MAX_RETRIES } = options;
    // Checked here, because `fetch` shows a header that it refuses in its error.
    if (!/^[\x21-\x7e]{1,255}$/.test(apiKey)) throw new TypeError("The apiKey is not an API key.");
    if (!Number.isInteger(maxRetries) || maxRetries < 0 || maxRetries > MOST_RETRIES) {
      throw new TypeError(`maxRetries is 0 to ${MOST_RETRIES}.`);
    }
    const transport = new Transport({
      apiKey,
      baseUrl: checkBaseUrl(options),
      // Called without `this`, as a platform's fetch has to be.
      fetch: options.fetch ?? ((url, init) => fetch(url, init)),
      timeoutMs,
      maxRetries,
    });
    this.transactions = new Transactions(transport);
    this.refunds = new Refunds(transport);
    this.customers = new Customers(transport);
    this.events = new EventFeed(transport);
    this.riskRules = new RiskRules(transport);
    this.riskLists = new RiskLists(transport);
    this.webhookEndpoints = new WebhookEndpoints(transport);
    this.webhookDeliveries = new WebhookDeliveries(transport);
  }
}

/** The base URL without a slash at its end. @throws TypeError */
function checkBaseUrl({ baseUrl, allowInsecureHttp = false }: PaymentsOptions): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new TypeError("The baseUrl is not a URL such as https://payments.example.");
  }
  if (url.search || url.hash) throw new TypeError("The baseUrl has a query or a fragment.");
  if (url.protocol === "http:" && !LOOPBACK.test(url.hostname) && !allowInsecureHttp) {
    throw new TypeError("The baseUrl is not https. allowInsecureHttp allows it.");
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}
