/** The amounts of a payment, and the times that limit what can be done with them. */
import { Money } from "../../view/money";
import { Time } from "../../view/time";
import { capturedOf, leftToRefund, type Payment, type Refund } from "../bodies";

export function AmountsSection({ payment, refunds }: { payment: Payment; refunds: Refund[] }) {
  const { amount_minor, amount_capturable_minor, amount_refunded_minor, pending_operation } =
    payment;
  const waiting = refunds.filter(({ status }) => status === "pending");
  return (
    <section class="card" aria-labelledby="amounts">
      <h2 id="amounts">Amounts</h2>
      <dl class="facts amounts">
        <Amount name="Amount" minor={amount_minor} payment={payment} />
        {amount_capturable_minor === undefined ? null : (
          <Amount name="Can be captured" minor={amount_capturable_minor} payment={payment} />
        )}
        <Amount name="Captured" minor={capturedOf(payment)} payment={payment} />
        <Amount name="Refunded" minor={amount_refunded_minor} payment={payment} />
        {waiting.length === 0 ? null : (
          <Amount
            name="Refunds without an outcome"
            minor={waiting.reduce((sum, refund) => sum + refund.amount_minor, 0)}
            payment={payment}
          />
        )}
        {payment.status === "completed" ? (
          <Amount name="Left to refund" minor={leftToRefund(payment, refunds)} payment={payment} />
        ) : null}
        {pending_operation?.amount_minor === undefined ? null : (
          <Amount name="Being captured" minor={pending_operation.amount_minor} payment={payment} />
        )}
        <Until name="Capture before" at={payment.capture_before} />
        <Until name="Customer may act until" at={payment.action_expires_at} />
        <Until name="Review expires" at={openReviewEnd(payment)} />
      </dl>
    </section>
  );
}

function openReviewEnd({ review }: Payment): string | undefined {
  return review?.status === "open" ? review.expires_at : undefined;
}

type AmountProps = { name: string; minor: number | undefined; payment: Payment };

function Amount({ name, minor, payment }: AmountProps) {
  return (
    <>
      <dt>{name}</dt>
      <dd class="number">
        {minor === undefined ? (
          <span class="muted">not recorded</span>
        ) : (
          <Money minor={minor} currency={payment.currency} />
        )}
      </dd>
    </>
  );
}

function Until({ name, at }: { name: string; at: string | undefined }) {
  if (at === undefined) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd class="number">
        <Time at={at} />
      </dd>
    </>
  );
}
