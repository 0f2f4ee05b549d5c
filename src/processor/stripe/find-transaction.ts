/** Finds the transaction that a PaymentIntent of Stripe belongs to: disputes, and refunds that were made at Stripe's
 *  dashboard, name the PaymentIntent only. */
import type { StripeProcessor } from "../../config";
import { connectToRead, readPaymentIntent } from "./reads";

const PAYMENT_INTENT_ID = /^pi_[a-zA-Z0-9_]{1,250}$/;

/** The `transaction_id` in the metadata of a PaymentIntent, as Stripe returns it; undefined when there is none.
 *  @throws StripeUnavailable */
export async function findTransactionOf(
  settings: StripeProcessor,
  paymentIntentId: string,
): Promise<string | undefined> {
  if (!PAYMENT_INTENT_ID.test(paymentIntentId)) return undefined;
  const intent = await readPaymentIntent(await connectToRead(settings), paymentIntentId);
  return intent?.metadata?.transaction_id ?? undefined;
}
