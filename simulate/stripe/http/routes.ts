// The endpoints of the API that the stand-in has.
import type { Account } from "../account/account.ts";
import type { Kind } from "../account/objects.ts";
import { cancelIntent, captureIntent, createIntent } from "../account/payment-intents.ts";
import { createRefund } from "../account/refunds.ts";
import { ApiError } from "./errors.ts";
import { type Form, Params } from "./form.ts";
import { expanded, listOf, searchIntents } from "./lists.ts";

type Endpoint = (account: Account, form: Form, id: string) => object;

const retrieve =
  (kind: Kind): Endpoint =>
  (account, form, id) => {
    new Params(form, ["expand", "client_secret"]);
    return account.get(kind, id);
  };
const list =
  (kind: Kind, ...filters: string[]): Endpoint =>
  (account, form) =>
    listOf(account, kind, filters, form);

/** By method and path; `:id` is the id of an object. */
const ENDPOINTS: Record<string, Endpoint> = {
  "POST /v1/payment_intents": createIntent,
  "GET /v1/payment_intents": list("payment_intent", "customer"),
  "GET /v1/payment_intents/search": searchIntents,
  "GET /v1/payment_intents/:id": retrieve("payment_intent"),
  "POST /v1/payment_intents/:id/capture": (account, form, id) => captureIntent(account, id, form),
  "POST /v1/payment_intents/:id/cancel": (account, form, id) => cancelIntent(account, id, form),
  "POST /v1/refunds": createRefund,
  "GET /v1/refunds": list("refund", "payment_intent", "charge"),
  "GET /v1/refunds/:id": retrieve("refund"),
  "GET /v1/charges": list("charge", "payment_intent", "customer"),
  "GET /v1/charges/:id": retrieve("charge"),
  "GET /v1/balance_transactions": list("balance_transaction", "type", "source", "currency"),
  "GET /v1/balance_transactions/:id": retrieve("balance_transaction"),
  "GET /v1/disputes": list("dispute", "payment_intent", "charge"),
  "GET /v1/disputes/:id": retrieve("dispute"),
  "GET /v1/events": list("event", "type"),
  "GET /v1/events/:id": retrieve("event"),
};

/** The endpoint of a request, ready to run. @throws 404 when there is none */
export function endpointOf(method: string, path: string): (account: Account, form: Form) => object {
  const [, top, kind, id = "", action] = path.split("/");
  const exact = ENDPOINTS[`${method} ${path}`];
  const name = [`${method} /${top}/${kind}`, ...(id ? [":id"] : []), ...(action ? [action] : [])];
  const endpoint = exact ?? ENDPOINTS[name.join("/")];
  if (!endpoint) {
    const message = `Unrecognized request URL (${method}: ${path}).`;
    throw new ApiError(404, { type: "invalid_request_error", message }, false);
  }
  return (account, form) => expanded(account, endpoint(account, form, exact ? "" : id), form);
}
