/** Says that an action was not carried out because the payment has changed, or does not allow it, and what has happened
 *  since its form was made. */
import type { AppContext } from "../../../api/context";
import type { Session } from "../../access/session";
import { Id, Status } from "../../view/parts";
import { renderPage } from "../../view/render";
import { type Payment, type PaymentEvent, paymentPath } from "../bodies";
import { toShownEvents } from "../show/event-changes";
import { EventList } from "../show/timeline";

type Refused = {
  status: number;
  title: string;
  detail: string;
  payment: Payment;
  /** All events of the payment. */
  events: PaymentEvent[];
  /** The version that the form was made for. */
  version: number;
};

export function renderRefused(c: AppContext, session: Session, refused: Refused): Response {
  const { status, title, detail, payment, events, version } = refused;
  const since = toShownEvents(events).filter(({ event }) => event.sequence > version);
  return renderPage(
    c,
    session,
    { title, status },
    <>
      <div class="page-head">
        <h1>{title}</h1>
        <Status status={payment.status} />
      </div>
      <p class="muted">
        Payment <Id id={payment.id} />
      </p>
      <p class="notice bad" role="alert">
        {detail}
      </p>
      <p>
        <a class="button primary" href={paymentPath(payment.id)}>
          To the payment as it is now
        </a>
      </p>
      {since.length === 0 ? null : (
        <section class="part" aria-labelledby="since">
          <h2 id="since">What has happened since</h2>
          <EventList events={since} refundsAt={paymentPath(payment.id)} />
        </section>
      )}
    </>,
  );
}
