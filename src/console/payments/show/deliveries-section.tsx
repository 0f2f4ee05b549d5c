/** The webhooks about a payment. They come from the merchant's dispatcher, which may be unreachable while the payment is
 *  not. */
import type { ApiReply } from "../../http/api-client";
import { Id, Status, TableFrame, Warning } from "../../view/parts";
import { Time } from "../../view/time";
import type { Delivery, Page } from "../bodies";

export function DeliveriesSection({ reply }: { reply: ApiReply<Page<Delivery>> }) {
  return (
    <section class="part" aria-labelledby="deliveries">
      <h2 id="deliveries">Webhook deliveries</h2>
      {reply.ok ? (
        <Deliveries page={reply.body} />
      ) : (
        <Warning>The deliveries are not available at the moment: {reply.problem.detail}</Warning>
      )}
    </section>
  );
}

function Deliveries({ page: { data, has_more } }: { page: Page<Delivery> }) {
  if (data.length === 0) {
    return (
      <p class="muted">
        None: no endpoint had subscribed to these events, or they are older than 30 days.
      </p>
    );
  }
  return (
    <>
      <TableFrame label="Webhook deliveries">
        <table>
          <thead>
            <tr>
              <th scope="col">Created</th>
              <th scope="col">Event</th>
              <th scope="col">Status</th>
              <th scope="col">Attempts</th>
              <th scope="col">URL</th>
              <th scope="col">Delivery</th>
            </tr>
          </thead>
          <tbody>
            {data.map((delivery) => (
              <Row delivery={delivery} />
            ))}
          </tbody>
        </table>
      </TableFrame>
      {has_more ? <p class="muted">These are the newest {data.length} deliveries.</p> : null}
    </>
  );
}

function Row({ delivery }: { delivery: Delivery }) {
  const { id, created_at, event_type, status, attempts, next_attempt_at, url } = delivery;
  const last = attempts.at(-1);
  return (
    <tr>
      <td>
        <Time at={created_at} />
      </td>
      <td>
        <code>{event_type}</code>
      </td>
      <td>
        <Status status={status} />
      </td>
      <td>
        {attempts.length}
        {last ? <span class="muted"> · last: {last.error ?? String(last.status_code)}</span> : null}
        {next_attempt_at === null ? null : (
          <p class="muted">
            next <Time at={next_attempt_at} />
          </p>
        )}
      </td>
      <td class="break">
        <bdi>{url}</bdi>
      </td>
      <td>
        <Id id={id} href={`/console/webhooks/deliveries/${id}`} />
      </td>
    </tr>
  );
}
