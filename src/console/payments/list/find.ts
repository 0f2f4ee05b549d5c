/** Finds what a visitor has searched for: a payment by an exact id or key, or else a customer. */
import type { AppContext } from "../../../api/context";
import { isRefundId, isTransactionId } from "../../../domain/identity/id";
import { isIdempotencyKey } from "../../../domain/transaction/idempotency";
import type { ApiClient } from "../../http/api-client";
import { PageProblem } from "../../http/page-problem";
import { redirect } from "../../http/respond-page";
import { withNotice } from "../../view/notices";
import {
  MAX_CUSTOMER_CHARACTERS,
  type Payment,
  paymentPath,
  type Refund,
  transactionPath,
} from "../bodies";
import { listAddress } from "./list-filters";

/** Leads to the payment, or to the customer's payments.
 *  @returns words that say that nothing can have this name. @throws PageProblem if the API cannot be read */
export async function find(
  c: AppContext,
  api: ApiClient,
  name: string,
): Promise<Response | string> {
  const found = await findPayment(api, name);
  if (found !== undefined) return redirect(c, found);
  if (isTransactionId(name)) return "No payment has this id.";
  if (isRefundId(name)) return "No refund has this id.";
  if (name.length > MAX_CUSTOMER_CHARACTERS) return "No payment has this idempotency key.";
  return redirect(c, withNotice(listAddress({ user_id: name }), "shown_as_customer"));
}

/** The path of the payment's page; an idempotency key may look like an id. */
async function findPayment(api: ApiClient, name: string): Promise<string | undefined> {
  if (isTransactionId(name)) {
    const payment = await look<Payment>(api, transactionPath(name));
    if (payment) return paymentPath(payment.id);
  }
  if (isRefundId(name)) {
    const refund = await look<Refund>(api, `/api/v1/refunds/${name}`);
    if (refund) return `${paymentPath(refund.transaction_id)}#${refund.id}`;
  }
  if (!isIdempotencyKey(name)) return undefined;
  const path = `/api/v1/idempotency-keys/${encodeURIComponent(name)}`;
  const payment = await look<Payment>(api, path);
  return payment && paymentPath(payment.id);
}

/** @returns undefined if there is no such thing, or if it is another merchant's. @throws PageProblem */
async function look<Body>(api: ApiClient, path: string): Promise<Body | undefined> {
  const reply = await api.call<Body>("GET", path);
  if (reply.ok) return reply.body;
  if (reply.status === 404) return undefined;
  throw new PageProblem(reply.problem);
}
