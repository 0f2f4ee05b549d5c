/** Client of the payment transaction API. */
export { toDecimalAmount } from "./amount.js";
export {
  OutcomePendingError,
  PaymentsCallError,
  PaymentsConnectionError,
  PaymentsError,
  PaymentsResponseError,
} from "./errors.js";
export type {
  PaymentEvent,
  PaymentEventList,
  RefundEventType,
  TransactionEventType,
  WebhookEvent,
} from "./events.js";
export type * from "./generated/schemas.js";
export type { KeyOptions } from "./idempotency-key.js";
export type { Pages } from "./pages.js";
export { Payments, type PaymentsOptions } from "./payments.js";
export type { Quota } from "./rate-limit.js";
export { getResponse, type ResponseDetails } from "./response.js";
export type { CallOptions, ChangeOptions, Fetch } from "./transport.js";
export {
  type VerifyOptions,
  verifyWebhook,
  type WebhookHeaders,
  WebhookVerificationError,
} from "./verify-webhook.js";
export type { WaitOptions } from "./wait.js";
