/** The refunds of a payment. */
import { Money } from "../../view/money";
import { Id, Status, TableFrame } from "../../view/parts";
import { Time } from "../../view/time";
import type { Refund } from "../bodies";

export function RefundsSection({ refunds }: { refunds: Refund[] }) {
  if (refunds.length === 0) return null;
  return (
    <section class="part" aria-labelledby="refunds">
      <h2 id="refunds">Refunds</h2>
      <TableFrame label="Refunds">
        <table class="stacked">
          <thead>
            <tr>
              <th scope="col">Created</th>
              <th scope="col" class="number">
                Amount
              </th>
              <th scope="col">Status</th>
              <th scope="col">Reason</th>
              <th scope="col">Refund</th>
            </tr>
          </thead>
          <tbody>
            {refunds.map((refund) => (
              <Row refund={refund} />
            ))}
          </tbody>
        </table>
      </TableFrame>
    </section>
  );
}

function Row({ refund }: { refund: Refund }) {
  const { id, created_at, amount_minor, currency, status, failure, reason, reversed_at } = refund;
  return (
    <tr id={id}>
      <td data-label="Created">
        <Time at={created_at} />
      </td>
      <td class="number" data-label="Amount">
        <Money minor={amount_minor} currency={currency} />
      </td>
      <td data-label="Status">
        <Status status={status} />
      </td>
      <td class="break" data-label="Reason">
        {reason === null ? null : <bdi class="free-text">{reason}</bdi>}
        {failure ? (
          <p class="fault">
            <bdi>{failure.message}</bdi>
          </p>
        ) : null}
        {reversed_at ? (
          <p class="fault">
            Failed after it had succeeded: <Time at={reversed_at} />
          </p>
        ) : null}
      </td>
      <td data-label="Refund">
        <Id id={id} />
      </td>
    </tr>
  );
}
