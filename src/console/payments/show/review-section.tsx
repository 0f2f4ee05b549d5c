/** The review of a payment, and its dispute. */
import { Money } from "../../view/money";
import { Id, Status } from "../../view/parts";
import { Time } from "../../view/time";
import type { Payment } from "../bodies";
import { Fact } from "./details-section";

export function ReviewSection({ payment: { review } }: { payment: Payment }) {
  if (!review) return null;
  return (
    <section class="card" aria-labelledby="review">
      <h2 id="review">Review</h2>
      <dl class="facts">
        <Fact name="Status">
          <Status status={review.status} />
        </Fact>
        {review.status === "open" ? (
          <Fact name="Without a decision">
            {review.expires_to === "approve" ? "approved" : "rejected"} on{" "}
            <Time at={review.expires_at} />
          </Fact>
        ) : null}
        {review.decided_at === null ? null : (
          <Fact name="Decided">
            <Time at={review.decided_at} />
            {review.expired ? ", because it expired" : ""}
          </Fact>
        )}
        {review.reviewer === null ? null : (
          <Fact name="Reviewer">
            <bdi>{review.reviewer}</bdi>
          </Fact>
        )}
        {review.note === null ? null : (
          <Fact name="Note">
            <bdi class="free-text">{review.note}</bdi>
          </Fact>
        )}
      </dl>
    </section>
  );
}

export function DisputeSection({ payment: { dispute } }: { payment: Payment }) {
  if (!dispute) return null;
  return (
    <section class="card" aria-labelledby="dispute">
      <h2 id="dispute">Dispute</h2>
      <dl class="facts">
        <Fact name="Status">
          <Status status={dispute.status} />
        </Fact>
        <Fact name="Amount">
          <Money minor={dispute.amount_minor} currency={dispute.currency} />
        </Fact>
        <Fact name="Reason">
          <bdi>{dispute.reason}</bdi>
        </Fact>
        <Fact name="Opened">
          <Time at={dispute.opened_at} />
        </Fact>
        {dispute.evidence_due_by === null ? null : (
          <Fact name="Evidence until">
            <Time at={dispute.evidence_due_by} />
          </Fact>
        )}
        <Fact name="Processor's id">
          <Id id={dispute.id} />
        </Fact>
      </dl>
    </section>
  );
}
