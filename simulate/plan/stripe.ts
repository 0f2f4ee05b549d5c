// What is different in a plan with Stripe as the processor: a payment method instead of an outcome, and customers who have to
// authenticate. Pure.
import type { Random } from "./random.ts";
import type { Described } from "./stories.ts";

/** What the customer does on the page of the card's issuer. */
export type Customer = "completes" | "fails" | "leaves";

/** Stories that only Stripe can tell. `method`: a payment method with a course of its own. */
type StripeDescribed = Described & { method: string; customer?: Customer };

const AUTHENTICATED = "pm_card_authenticationRequired";

export const STRIPE_STORIES = {
  authenticated: {
    weight: 8,
    method: AUTHENTICATED,
    customer: "completes",
    visits: [["pay", "authenticate"], ["get"]],
  },
  authenticated_twice: {
    weight: 2,
    method: AUTHENTICATED,
    customer: "completes",
    visits: [["create", "process*2", "authenticate*2", "process"]],
  },
  authentication_fails: {
    weight: 4,
    method: AUTHENTICATED,
    customer: "fails",
    visits: [["pay", "authenticate"]],
  },
  authentication_left: {
    weight: 3,
    method: AUTHENTICATED,
    customer: "leaves",
    visits: [["create", "process"]],
  },
  authentication_cancelled: {
    weight: 2,
    method: AUTHENTICATED,
    customer: "leaves",
    visits: [["pay", "cancel*2"]],
  },
  authentication_or_cancel: {
    weight: 4,
    method: AUTHENTICATED,
    customer: "completes",
    visits: [["pay", "authenticate|cancel"], ["get"]],
  },
  authenticated_held: {
    weight: 3,
    method: AUTHENTICATED,
    customer: "completes",
    is_manual: true,
    visits: [["pay", "authenticate", "process", "capture_part"]],
  },
  authenticated_refunded: {
    weight: 3,
    method: AUTHENTICATED,
    customer: "completes",
    refunds: [50],
    visits: [["pay", "authenticate", "process", "refund_1"], ["refund_1"]],
  },
  refund_fails_later: {
    weight: 4,
    method: "pm_card_refundFail",
    refunds: [40, 60],
    visits: [["pay", "refund_1*2"], ["refund_2"]],
  },
  refund_pending: {
    weight: 3,
    method: "pm_card_pendingRefund",
    refunds: [null],
    visits: [["create", "process", "refund_1"]],
  },
  disputed: { weight: 4, method: "pm_card_createDispute", visits: [["pay"], ["get"]] },
} satisfies Record<string, StripeDescribed>;

export const STRIPE_WEIGHTS = Object.fromEntries(
  Object.entries(STRIPE_STORIES).map(([name, { weight }]) => [name, weight]),
);

/** The payment methods of the outcomes in `expectation.ts`. */
const METHODS: Record<string, string> = {
  decline: "pm_card_chargeDeclined",
  insufficient_funds: "pm_card_visa_chargeDeclinedInsufficientFunds",
  expired_card: "pm_card_chargeDeclinedExpiredCard",
};
const OUTCOMES = { done: 88, decline: 5, insufficient_funds: 4, expired_card: 3 };

/** Where Stripe sends customers back. */
export const RETURN_URL = "https://shop.example/return";

/** How a payment goes at Stripe, and the outcomes that the metadata of the payment and of its refunds name. */
export type Course = {
  payment_method: string;
  customer: Customer | null;
  outcome: string;
  refund_outcome: string;
};

export function drawCourse(random: Random, story: string): Course {
  const special: StripeDescribed | undefined = (STRIPE_STORIES as Record<string, StripeDescribed>)[
    story
  ];
  const outcome = special ? "done" : random.weighted(OUTCOMES);
  return {
    payment_method: special?.method ?? METHODS[outcome] ?? "pm_card_visa",
    customer: special?.customer ?? null,
    outcome,
    refund_outcome: story === "refund_fails_later" ? story : "done",
  };
}
