/** What a processor needs to charge a payment, and nothing else may see. It is stored beside the transaction and not in it, so
 *  that it is in no response, event, webhook, list or log. */

/** `payment_method` and `customer` are tokens of the processor (`pm_…`, `cus_…`), never card numbers. `return_url`: where
 *  the customer is sent after authenticating. */
export type PaymentDetails = {
  payment_method: string | null;
  customer: string | null;
  return_url: string | null;
};

/** Names as the client sent them. */
export const DETAIL_FIELDS = ["payment_method", "customer", "return_url"] as const;

export const NO_DETAILS: PaymentDetails = {
  payment_method: null,
  customer: null,
  return_url: null,
};

/** Whether a request named any of them; only then they are stored. */
export function hasDetails(details: PaymentDetails | undefined): details is PaymentDetails {
  return details !== undefined && DETAIL_FIELDS.some((field) => details[field] !== null);
}

/** The processors that a payment can be made with. */
export const PROCESSOR_NAMES = ["sandbox", "http", "stripe"] as const;
export type ProcessorName = (typeof PROCESSOR_NAMES)[number];
