/** A table of deliveries. */
import { Id, Status, TableFrame } from "../view/parts";
import { Time } from "../view/time";
import { type DeliveryBody, deliveryPath, lastResult, paymentPath } from "./parts";

type Props = { deliveries: DeliveryBody[]; caption: string };

export function DeliveryTable({ deliveries, caption }: Props) {
  return (
    <TableFrame label="Deliveries">
      <table class="stacked">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Created</th>
            <th scope="col">Event and URL</th>
            <th scope="col">Status</th>
            <th scope="col" class="number">
              Attempts
            </th>
            <th scope="col">Last result</th>
            <th scope="col">Payment</th>
          </tr>
        </thead>
        <tbody>
          {deliveries.map((delivery) => (
            <tr>
              <td data-label="Created">
                <Time at={delivery.created_at} />
              </td>
              <td data-label="Event" class="break">
                <a href={deliveryPath(delivery.id)}>{delivery.event_type}</a>
                <p class="muted clamp">
                  <bdi>{delivery.url}</bdi>
                </p>
              </td>
              <td data-label="Status">
                <Status status={delivery.status} />
              </td>
              <td data-label="Attempts" class="number">
                {delivery.attempts.at(-1)?.number ?? 0}
              </td>
              <td data-label="Last result">{lastResult(delivery)}</td>
              <td data-label="Payment">
                {delivery.transaction_id ? (
                  <Id id={delivery.transaction_id} href={paymentPath(delivery.transaction_id)} />
                ) : (
                  <span class="muted">none</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
