/** The head of a payment's page: the amount, the status, whose it is, and what can be done. */
import type { Session } from "../../access/session";
import { Money } from "../../view/money";
import { Id, Status } from "../../view/parts";
import { ActionLinks } from "../actions/action-links";
import { listAddress } from "../list/list-filters";
import type { PaymentState } from "../read-payment";

type Props = {
  session: Session;
  state: PaymentState;
  /** Whether the frame of the page says that nothing here moves money. */
  isSandbox: boolean;
};

export function PaymentHead({ session, state, isSandbox }: Props) {
  const { payment } = state;
  const { id, amount_minor, currency, status, livemode, user_id, erased_at } = payment;
  return (
    <div class="payment-head">
      <div class="page-head">
        <h1>
          <span class="unseen">Payment of </span>
          <Money minor={amount_minor} currency={currency} />
        </h1>
        <Status status={status} />
        {livemode === false && !isSandbox ? <span class="mode">Sandbox</span> : null}
        <ActionLinks session={session} state={state} />
      </div>
      <p class="muted">
        {erased_at === undefined ? (
          <a href={listAddress({ user_id })}>
            <bdi>{user_id}</bdi>
          </a>
        ) : (
          "Customer erased"
        )}{" "}
        · <Id id={id} />
      </p>
    </div>
  );
}
