/** The webhooks about a payment. They come from the merchant's dispatcher, which may be unreachable while the payment is
 *  not. */
import type { ApiReply } from "../../http/api-client";
import { Status, TableFrame, Warning } from "../../view/parts";
import { Time } from "../../view/time";
import { DELIVERIES, deliveryPath, lastResult } from "../../webhooks/parts";
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
        <table class="stacked">
          <thead>
            <tr>
              <th scope="col">Created</th>
              <th scope="col">Event</th>
              <th scope="col">Status</th>
              <th scope="col">Attempts</th>
              <th scope="col">URL</th>
            </tr>
          </thead>
          <tbody>
            {data.map((delivery) => (
              <Row delivery={delivery} />
            ))}
          </tbody>
        </table>
      </TableFrame>
      {has_more ? (
        <p>
          <a href={`${DELIVERIES}?transaction_id=${data[0]?.transaction_id}`}>All deliveries</a>
        </p>
      ) : null}
    </>
  );
}

function Row({ delivery }: { delivery: Delivery }) {
  const { id, created_at, event_type, status, attempts, next_attempt_at, url } = delivery;
  return (
    <tr>
      <td data-label="Created">
        <Time at={created_at} />
      </td>
      <td data-label="Event">
        <a href={deliveryPath(id)}>
          <code>{event_type}</code>
        </a>
      </td>
      <td data-label="Status">
        <Status status={status} />
      </td>
      <td data-label="Attempts">
        <div>
          {attempts.length} <span class="muted">· {lastResult(delivery)}</span>
          {next_attempt_at === null ? null : (
            <p class="muted">
              next <Time at={next_attempt_at} />
            </p>
          )}
        </div>
      </td>
      <td class="break" data-label="URL">
        <bdi>{url}</bdi>
      </td>
    </tr>
  );
}
