/** Reads a payment from its owner: always current, and also while D1 fails. */
import type { ApiClient } from "../http/api-client";
import { type Page, type Payment, type PaymentEvent, type Refund, transactionPath } from "./bodies";

export type PaymentState = { payment: Payment; refunds: Refund[] };

/** @returns the payment and its refunds, newest first. @throws PageProblem */
export async function readState(api: ApiClient, id: string): Promise<PaymentState> {
  const path = transactionPath(id);
  const [payment, refunds] = await Promise.all([
    api.get<Payment>(path),
    api.get<Page<Refund>>(`${path}/refunds`),
  ]);
  return { payment, refunds: refunds.data };
}

/** @returns the events of a payment and of its refunds, oldest first. @throws PageProblem */
export async function readEvents(api: ApiClient, id: string): Promise<PaymentEvent[]> {
  return (await api.get<Page<PaymentEvent>>(`${transactionPath(id)}/events`)).data;
}
