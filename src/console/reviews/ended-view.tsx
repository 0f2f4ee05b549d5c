/** How a review ended, for a visitor who wanted to decide it. */

import { type Payment, paymentPath } from "../payments/bodies";
import { moneyText } from "../view/money";
import { Status } from "../view/parts";
import { Time } from "../view/time";
import { PaymentSummary } from "./held-payment";

type Props = {
  payment: Payment;
  /** Where the visitor came from. */
  back: string;
  /** Whether a decision was sent, which changed nothing. */
  isRefused: boolean;
};

export function EndedView({ payment, back, isRefused }: Props) {
  const { review, amount_minor, currency, status } = payment;
  return (
    <>
      <h1>
        {moneyText(amount_minor, currency)}: {endText(payment)}
      </h1>
      {isRefused ? (
        <p class="notice warning" role="alert">
          The review had ended before your decision. Your decision changed nothing.
        </p>
      ) : null}
      <div class="card">
        <PaymentSummary payment={payment} />
        <dl class="facts">
          <dt>Payment</dt>
          <dd>
            <Status status={status} />
          </dd>
          {review ? (
            <>
              <dt>Review</dt>
              <dd>
                <Status status={review.status} />
              </dd>
              <dt>By</dt>
              <dd>
                <bdi>
                  {review.expired ? "its expiry" : (review.reviewer ?? "an unnamed reviewer")}
                </bdi>
              </dd>
              {review.decided_at ? (
                <>
                  <dt>When</dt>
                  <dd>
                    <Time at={review.decided_at} />
                  </dd>
                </>
              ) : null}
              <dt>Note</dt>
              <dd>{review.note ? <bdi>{review.note}</bdi> : <span class="muted">none</span>}</dd>
            </>
          ) : null}
        </dl>
      </div>
      <p class="actions">
        <a class="button primary" href={back}>
          Back
        </a>
        <a class="button" href={paymentPath(payment.id)}>
          Open the payment
        </a>
      </p>
    </>
  );
}

function endText({ review }: Payment): string {
  if (!review) return "not held for review";
  if (review.status === "cancelled") return "cancelled before a decision";
  return review.expired
    ? `${review.status}, because the review expired`
    : `already ${review.status}`;
}
