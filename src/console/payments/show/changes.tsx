/** What one event has changed, in a line or two. */
import { moneyText } from "../../view/money";
import { Status } from "../../view/parts";
import type { Payment, Refund } from "../bodies";
import { movedAmounts, type ShownEvent } from "./event-changes";

/** @param refundsAt the page that has the refunds; empty for this one */
export function Changes({ shown, refundsAt }: { shown: ShownEvent; refundsAt: string }) {
  const { refund, payment, before } = shown;
  if (refund) return <RefundChange refund={refund} refundsAt={refundsAt} />;
  if (!payment) return null;
  return (
    <>
      <p class="changes">
        {before && before.status !== payment.status ? (
          <span>
            <Status status={before.status} /> <span aria-hidden="true">→</span>
            <span class="unseen">to</span> <Status status={payment.status} />
          </span>
        ) : (
          <Status status={payment.status} />
        )}
        {before ? null : <span>{moneyText(payment.amount_minor, payment.currency)}</span>}
        {movedAmounts(shown).map(({ name, from, to }) => (
          <span>
            {name}: {moneyText(from, payment.currency)} <span aria-hidden="true">→</span>
            <span class="unseen">to</span> {moneyText(to, payment.currency)}
          </span>
        ))}
        <Operation payment={payment} />
      </p>
      <Reasons shown={shown} />
    </>
  );
}

function Operation({ payment: { pending_operation, currency } }: { payment: Payment }) {
  if (!pending_operation) return null;
  const { type, amount_minor, reason } = pending_operation;
  return (
    <span>
      {type === "capture" && amount_minor !== undefined
        ? `to capture ${moneyText(amount_minor, currency)}`
        : "to release the hold"}
      {reason === undefined ? "" : `, ${reason.replaceAll("_", " ")}`}
    </span>
  );
}

function Reasons({ shown: { payment, before } }: { shown: ShownEvent }) {
  if (!payment) return null;
  const { failure, review, dispute } = payment;
  const hasFailed = failure && failure.message !== before?.failure?.message;
  const isDecided = review && review.status !== before?.review?.status && review.decided_at;
  const isDisputed = dispute && dispute.status !== before?.dispute?.status;
  return (
    <>
      {hasFailed ? (
        <p class="fault">
          <bdi>{failure.message}</bdi> <code>{failure.code}</code>
        </p>
      ) : null}
      {isDecided ? (
        <p>
          {review.expired ? "The review expired" : `Review ${review.status}`}
          {review.reviewer === null ? null : (
            <>
              {" "}
              by <bdi>{review.reviewer}</bdi>
            </>
          )}
          {review.note === null ? null : (
            <>
              : <bdi class="free-text">{review.note}</bdi>
            </>
          )}
        </p>
      ) : null}
      {isDisputed ? (
        <p>
          {moneyText(dispute.amount_minor, dispute.currency)}, <bdi>{dispute.reason}</bdi>:{" "}
          {dispute.status}
        </p>
      ) : null}
    </>
  );
}

function RefundChange({ refund, refundsAt }: { refund: Refund; refundsAt: string }) {
  const { id, amount_minor, currency, status, reason, failure } = refund;
  return (
    <>
      <p class="changes">
        <Status status={status} />
        <a href={`${refundsAt}#${id}`}>Refund of {moneyText(amount_minor, currency)}</a>
      </p>
      {reason !== null && status === "pending" ? (
        <p>
          <bdi class="free-text">{reason}</bdi>
        </p>
      ) : null}
      {failure ? (
        <p class="fault">
          <bdi>{failure.message}</bdi> <code>{failure.code}</code>
        </p>
      ) : null}
    </>
  );
}
