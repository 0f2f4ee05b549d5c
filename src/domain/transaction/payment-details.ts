/** What a processor needs to charge a payment, and nobody else sees. It is stored beside the transaction and not in it, so
 *  that it is in no response, event, webhook, list or log. */

/** `payment_method` and `customer` are tokens of the processor (`pm_…`, `cus_…`), never card numbers. `return_url`: where
 *  the customer is sent after authenticating. */
export type PaymentDetails = {
  payment_method: string | null;
  customer: string | null;
  return_url: string | null;
};

export const NO_DETAILS: PaymentDetails = {
  payment_method: null,
  customer: null,
  return_url: null,
};
