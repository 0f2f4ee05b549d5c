/** What a reviewer reads about a payment that is held. */

import { type Payment, paymentPath } from "../payments/bodies";
import { Reasons } from "../risk/reasons";
import { durationText } from "../view/duration";
import { Money } from "../view/money";
import { Id } from "../view/parts";
import { Time } from "../view/time";
import { expiryText } from "./words";

const HOUR_MS = 3_600_000;

/** Amount, customer and id. */
export function PaymentSummary({ payment }: { payment: Payment }) {
  const { id, amount_minor, currency, user_id, description } = payment;
  return (
    <div class="held-summary">
      <p class="held-amount">
        <Money minor={amount_minor} currency={currency} />
      </p>
      <p class="held-customer">
        <span class="unseen">Customer </span>
        <bdi>{user_id}</bdi>
      </p>
      {description ? (
        <p class="muted">
          <bdi>{description}</bdi>
        </p>
      ) : null}
      <p>
        <Id id={id} href={paymentPath(id)} />
      </p>
    </div>
  );
}

/** Score, reasons, and how long the payment is and will be held.
 *  @param isSoonest whether it is the first of the page to expire */
export function WhyHeld(props: { payment: Payment; nowMs: number; isSoonest?: boolean }) {
  const { payment, nowMs, isSoonest = false } = props;
  const { review, created_at } = payment;
  const leftMs = review ? Date.parse(review.expires_at) - nowMs : 0;
  return (
    <div class="held-why">
      <p>
        Score <strong>{payment.fraud_score}</strong> <span class="muted">of 100</span>
      </p>
      <Reasons reasons={payment.risk.reasons} />
      <p class="held-times">
        <span class="muted">
          Held for {durationText(nowMs - Date.parse(created_at))}, since <Time at={created_at} />
        </span>
        {review ? (
          <span class={leftMs < HOUR_MS ? "status bad" : isSoonest ? "status wait" : "status"}>
            {expiryText(review, nowMs)}
            {isSoonest ? " · soonest" : ""}
          </span>
        ) : null}
      </p>
    </div>
  );
}
