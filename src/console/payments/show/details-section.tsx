/** What the payment was created with, and who carries it out. */
import type { Child } from "hono/jsx";
import { Id } from "../../view/parts";
import { Time } from "../../view/time";
import type { Payment } from "../bodies";

export function DetailsSection({ payment }: { payment: Payment }) {
  const { description, metadata, webhook_url, resolution } = payment;
  const pairs = Object.entries(metadata);
  return (
    <section class="card" aria-labelledby="details">
      <h2 id="details">Details</h2>
      <dl class="facts">
        <Fact name="Created">
          <Time at={payment.created_at} />
        </Fact>
        <Fact name="Changed">
          <Time at={payment.updated_at} /> <span class="muted">version&nbsp;{payment.version}</span>
        </Fact>
        {payment.erased_at === undefined ? null : (
          <Fact name="Customer's data">
            erased <Time at={payment.erased_at} />
          </Fact>
        )}
        <Fact name="Idempotency key">
          <Id id={payment.idempotency_key} />
        </Fact>
        {description === null ? null : (
          <Fact name="Description">
            <bdi class="free-text">{description}</bdi>
          </Fact>
        )}
        {webhook_url === null ? null : (
          <Fact name="Webhook URL">
            <bdi>{webhook_url}</bdi>
          </Fact>
        )}
        <Fact name="Processor">{payment.processor ?? "not recorded"}</Fact>
        {payment.processor_reference === undefined ? null : (
          <Fact name="Processor's id">
            <Id id={payment.processor_reference} />
          </Fact>
        )}
        <Fact name="Mode">{modeOf(payment)}</Fact>
        <Fact name="Capture">{payment.capture_method ?? "automatic"}</Fact>
        {payment.cancellation_reason === undefined ? null : (
          <Fact name="Cancelled because">{payment.cancellation_reason.replaceAll("_", " ")}</Fact>
        )}
        {resolution ? (
          <Fact name="Resolved by hand">
            <bdi>{resolution.resolved_by}</bdi>: <bdi class="free-text">{resolution.reason}</bdi>
          </Fact>
        ) : null}
      </dl>
      {pairs.length === 0 ? null : (
        <>
          <h3>Metadata</h3>
          <dl class="facts">
            {pairs.map(([name, value]) => (
              <Fact name={<bdi>{name}</bdi>}>
                <bdi class="free-text">{value}</bdi>
              </Fact>
            ))}
          </dl>
        </>
      )}
    </section>
  );
}

function modeOf({ livemode }: Payment): string {
  if (livemode === undefined) return "not recorded";
  return livemode ? "live" : "sandbox: no money moves";
}

/** A name and its value in a list of facts. */
export function Fact({ name, children }: { name: Child; children?: Child }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
