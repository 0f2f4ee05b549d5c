/** Stripe as the processor: one PaymentIntent a payment, and our key as Stripe's. docs/stripe-mapping.md says what each
 *  response means. */
import { isLiveKey, type StripeProcessor } from "../../config";
import type { OperationName } from "../../domain/transaction/operation";
import type { Answer, Processor } from "../processor";
import { refusedAmount } from "./amounts";
import { connect } from "./client";
import { beginPayment, capture, findPayment, voidPayment } from "./payments";
import { findRefund, refundPayment } from "./refunds";
import type { Context } from "./requests";

const CALLS: Record<OperationName, (context: Context) => Promise<Answer>> = {
  charge: beginPayment,
  authorize: beginPayment,
  capture,
  void: voidPayment,
  refund: refundPayment,
};

export function stripeProcessor(settings: StripeProcessor): Processor {
  const is_live = isLiveKey(settings.secret_key);
  return {
    supports: () => true,
    refusedAmount,
    refusedDetails: ({ payment_method }) =>
      payment_method === null ? { code: "payment_method_required" } : undefined,
    async call(request, signal) {
      const stripe = await connect(settings, signal);
      return CALLS[request.operation]({ stripe, request, is_live });
    },
    async find(request, signal) {
      const stripe = await connect(settings, signal);
      const context = { stripe, request, is_live };
      return request.operation === "refund" ? findRefund(context) : findPayment(context);
    },
  };
}
