/** The bodies of the API that the pages about payments read. */
import type { z } from "@hono/zod-openapi";
import type { EventList } from "../../api/events/event-schemas";
import type { Refund as RefundSchema } from "../../api/refunds/schemas";
import type { Transaction } from "../../api/transactions/schemas";
import type { Delivery as DeliverySchema } from "../../api/webhooks/schemas";

export type Payment = z.infer<typeof Transaction>;
export type Refund = z.infer<typeof RefundSchema>;
export type PaymentEvent = z.infer<typeof EventList>["data"][number];
export type Delivery = z.infer<typeof DeliverySchema>;

/** A page of a list. */
export type Page<Item> = { data: Item[]; has_more: boolean; next_cursor: string | null };
/** A page of a list that is read from D1. */
export type BookPage<Item> = Page<Item> & { stale_since: string | null };

export const PAYMENTS = "/console/payments";
export const NEW_PAYMENT = `${PAYMENTS}/new`;
export const TRANSACTIONS = "/api/v1/transactions";

/** No customer's id is longer. */
export const MAX_CUSTOMER_CHARACTERS = 128;

/** The address of a payment's page. */
export const paymentPath = (id: string): string => `${PAYMENTS}/${id}`;
/** The path of a payment in the API. */
export const transactionPath = (id: string): string => `${TRANSACTIONS}/${encodeURIComponent(id)}`;

/** What was captured, in minor units. A payment of before there were captures has no such field: once completed, it was
 *  charged in full. @returns undefined for one of those that is not completed */
export function capturedOf(payment: Payment): number | undefined {
  const { amount_captured_minor, amount_minor, status } = payment;
  if (amount_captured_minor !== undefined) return amount_captured_minor;
  return status === "completed" ? amount_minor : undefined;
}

/** What is left to refund, in minor units: as the API counts it, refunds without an outcome are made. */
export function leftToRefund(payment: Payment, refunds: Refund[]): number {
  const captured = payment.status === "completed" ? capturedOf(payment) : undefined;
  if (captured === undefined) return 0;
  const made = refunds.filter(({ status }) => status !== "failed");
  return made.reduce((left, { amount_minor }) => left - amount_minor, captured);
}
