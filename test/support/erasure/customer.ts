/** A customer whose data can be looked for: texts that nothing else has. */

const USER_ID = "user-to-be-erased";
const METADATA = { email: "someone@mail.example", note: "a note about the customer" };
const WEBHOOK_URL = "https://own-host.nowhere-shop.com/hook-of-the-customer";

/** The members of a create request that name the customer. */
export const CUSTOMER = {
  user_id: USER_ID,
  description: "what the customer has bought",
  metadata: METADATA,
  webhook_url: WEBHOOK_URL,
};

/** What the processor needs, as a request names it. */
export const DETAILS = {
  payment_method: "pm_of_the_customer",
  customer: "cus_of_the_customer",
  return_url: "https://shop.example/return-of-the-customer",
};

export const REFUND_TEXTS = {
  reason: "why the customer was refunded",
  metadata: { ticket: "ticket of the customer" },
};

/** Every text that an erasure has to remove. */
export const TEXTS = [
  ...[CUSTOMER.user_id, CUSTOMER.description, CUSTOMER.webhook_url, "own-host.nowhere-shop.com"],
  ...Object.values(METADATA),
  ...Object.values(DETAILS),
  ...[REFUND_TEXTS.reason, REFUND_TEXTS.metadata.ticket],
];
