/** The page of one payment: its state, and everything that has happened to it. */
import type { AppContext } from "../../../api/context";
import { isAllowed } from "../../http/allowed";
import type { Visit } from "../../http/define-page";
import { renderPage } from "../../view/render";
import type { Delivery, Page } from "../bodies";
import { readEvents, readState } from "../read-payment";
import { AmountsSection } from "./amounts-section";
import { DeliveriesSection } from "./deliveries-section";
import { DetailsSection } from "./details-section";
import { PaymentHead } from "./payment-head";
import { RefundsSection } from "./refunds-section";
import { DisputeSection, ReviewSection } from "./review-section";
import { RiskSection } from "./risk-section";
import { Standing } from "./standing";
import { Timeline } from "./timeline";

/** Those of a payment fit on one page: an event has one delivery for each endpoint. */
const MAX_DELIVERIES = 100;

export async function paymentPage(c: AppContext, { session, api }: Visit): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const query = { transaction_id: id, limit: MAX_DELIVERIES };
  const [state, events, deliveries] = await Promise.all([
    readState(api, id),
    readEvents(api, id),
    isAllowed(session, "webhooks:read")
      ? api.call<Page<Delivery>>("GET", "/api/v1/webhook-deliveries", { query })
      : undefined,
  ]);
  const { payment, refunds } = state;
  return renderPage(
    c,
    session,
    { title: `Payment ${payment.id}`, scripts: ["payments"] },
    <>
      <PaymentHead
        session={session}
        state={state}
        isSandbox={c.get("config").processor.kind === "sandbox"}
      />
      <Standing payment={payment} refunds={refunds} events={events} />
      <div class="payment-columns">
        <div class="column">
          <AmountsSection payment={payment} refunds={refunds} />
          <ReviewSection payment={payment} />
          <DisputeSection payment={payment} />
          <RiskSection payment={payment} canOpenRules={isAllowed(session, "risk:read")} />
        </div>
        <DetailsSection payment={payment} />
      </div>
      <RefundsSection refunds={refunds} />
      <Timeline events={events} />
      {deliveries ? <DeliveriesSection reply={deliveries} /> : null}
    </>,
  );
}
