/** The calls of the API that carry out actions. */
import type { ApiClient, ApiReply } from "../../http/api-client";
import { type Payment, type Refund, transactionPath } from "../bodies";
import type { Action } from "./actions";
import type { Draft } from "./draft";

/** A repetition with the same draft gets the response to the first request: a refund by its idempotency key, the others
 *  because a payment is charged, captured and cancelled once. A payment of another version than the draft's is not
 *  changed. */
export function carryOut(
  api: ApiClient,
  action: Action,
  id: string,
  draft: Draft,
): Promise<ApiReply<Payment | Refund>> {
  const path = transactionPath(id);
  const headers = { "If-Match": `"${draft.version}"` };
  switch (action) {
    case "process":
    case "cancel":
      return api.call("POST", `${path}/${action}`, { headers });
    case "capture":
      return api.call("POST", `${path}/capture`, { headers, body: { amount: draft.amount } });
    case "refund":
      return api.call("POST", `${path}/refunds`, {
        headers: { ...headers, "Idempotency-Key": draft.key },
        body: { amount: draft.amount, reason: draft.reason === "" ? null : draft.reason },
      });
  }
}
