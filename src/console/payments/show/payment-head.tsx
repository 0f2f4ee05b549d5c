/** The head of a payment's page: the amount, the status, and whose it is. */
import { Money } from "../../view/money";
import { Id, Status } from "../../view/parts";
import type { Payment } from "../bodies";
import { listAddress } from "../list/list-filters";

export function PaymentHead({ payment }: { payment: Payment }) {
  const { id, amount_minor, currency, status, livemode, user_id } = payment;
  return (
    <div class="payment-head">
      <div class="page-head">
        <h1>
          <span class="unseen">Payment of </span>
          <Money minor={amount_minor} currency={currency} />
        </h1>
        <Status status={status} />
        {livemode === false ? <span class="mode">Sandbox</span> : null}
      </div>
      <p class="muted">
        <a href={listAddress({ user_id })}>
          <bdi>{user_id}</bdi>
        </a>{" "}
        · <Id id={id} />
      </p>
    </div>
  );
}
