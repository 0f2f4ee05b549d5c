/** What an event has changed: compared with the event about the payment before it. */
import type { EventType } from "../../../domain/transaction/event";
import type { Payment, PaymentEvent, Refund } from "../bodies";

export const EVENT_NAMES: Record<EventType, string> = {
  "transaction.created": "Created",
  "transaction.review_opened": "Held for review",
  "transaction.review_approved": "Approved",
  "transaction.processing": "Sent to the processor",
  "transaction.requires_action": "Waiting for the customer",
  "transaction.authorized": "Authorized",
  "transaction.captured": "Captured",
  "transaction.capture_failed": "Capture refused",
  "transaction.voided": "Hold released",
  "transaction.void_failed": "Cancellation refused",
  "transaction.capture_expired": "Authorization expired",
  "transaction.action_expired": "The customer did not act in time",
  "transaction.completed": "Completed",
  "transaction.failed": "Failed",
  "transaction.cancelled": "Cancelled",
  "transaction.erased": "Customer's data erased",
  "dispute.opened": "Dispute opened",
  "dispute.closed": "Dispute closed",
  "refund.created": "Refund sent to the processor",
  "refund.succeeded": "Refund succeeded",
  "refund.failed": "Refund failed",
};

/** A number of minor units before and after an event. */
type Moved = { name: string; from: number; to: number };

/** `refund` of an event about one; otherwise `payment` as it was then, and `before` as it was at the event before. */
export type ShownEvent = {
  event: PaymentEvent;
  refund?: Refund;
  payment?: Payment;
  before?: Payment | undefined;
};

/** @param events all events of a payment, oldest first */
export function toShownEvents(events: PaymentEvent[]): ShownEvent[] {
  let before: Payment | undefined;
  return events.map((event) => {
    // An event's data is a refund or a payment, by its type.
    if (event.type.startsWith("refund.")) return { event, refund: event.data as Refund };
    const shown = { event, payment: event.data as Payment, before };
    before = shown.payment;
    return shown;
  });
}

/** The amounts that an event has changed. */
export function movedAmounts({ payment, before }: ShownEvent): Moved[] {
  if (!payment || !before) return [];
  const of = (name: string, from: number | undefined, to: number | undefined): Moved[] =>
    from === undefined || to === undefined || from === to ? [] : [{ name, from, to }];
  return [
    ...of("can be captured", before.amount_capturable_minor, payment.amount_capturable_minor),
    ...of("captured", before.amount_captured_minor, payment.amount_captured_minor),
  ];
}
