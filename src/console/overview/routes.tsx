/** The overview, the first page after the sign-in: of a merchant, or of the deployment for its operator. */
import type { AppContext } from "../../api/context";
import { isAllowed } from "../http/allowed";
import type { ApiClient } from "../http/api-client";
import { type Console, definePage, type Visit } from "../http/define-page";
import { PageProblem } from "../http/page-problem";
import { type BookPage, type Payment, TRANSACTIONS } from "../payments/bodies";
import { NoPayments } from "../payments/list/payments-table";
import { Empty, StaleWarning } from "../view/parts";
import { renderPage } from "../view/render";
import { PeriodTabs, readPeriod } from "./period";
import { readSystem } from "./read-system";
import { ReviewCard, readReviewQueue } from "./review-queue";
import { SystemSection } from "./system-section";
import { readTotals } from "./totals";
import { TotalsSection } from "./totals-section";
import { readEndpoints, WebhookCard } from "./webhook-health";

const PAGE = { title: "Overview", scripts: ["overview"] };

export function overviewPage(app: Console): void {
  definePage(app, "/console", "everyone", (c, visit) =>
    visit.session.holder
      ? merchantPage(c, visit, visit.session.holder.merchant_id)
      : operatorPage(c, visit),
  );
}

async function merchantPage(
  c: AppContext,
  { session, api }: Visit,
  merchantId: string,
): Promise<Response> {
  const [period, nowMs] = [readPeriod(c), Date.now()];
  const maySeePayments = isAllowed(session, "transactions:read");
  const maySeeWebhooks = isAllowed(session, "webhooks:read");
  // First, because it brings D1 up to date.
  const queue = maySeePayments ? await readReviewQueue(c, api, merchantId) : undefined;
  const [totals, endpoints] = await Promise.all([
    maySeePayments ? readTotals(c, merchantId, period, nowMs) : undefined,
    maySeeWebhooks ? readEndpoints(api) : undefined,
  ]);
  const isFirstUse = totals?.rows.length === 0 && !(await hasPayments(api));
  return renderPage(
    c,
    session,
    PAGE,
    <>
      <h1>Overview</h1>
      {maySeePayments ? (
        <>
          <StaleWarning since={queue?.stale_since ?? null} />
          {isFirstUse ? null : <PeriodTabs period={period} />}
          {isFirstUse ? (
            <NoPayments
              origin={new URL(c.req.url).origin}
              mayCreate={isAllowed(session, "transactions:write")}
            />
          ) : (
            <TotalsSection
              totals={totals}
              currency={c.req.query("currency")}
              empty={<NothingHappened />}
            />
          )}
        </>
      ) : (
        <p class="notice">
          The key of this session does not have the scope <code>transactions:read</code>, so
          payments are not shown.
        </p>
      )}
      <div class="cards">
        {maySeePayments ? <ReviewCard queue={queue} nowMs={nowMs} /> : null}
        {maySeeWebhooks ? <WebhookCard endpoints={endpoints} /> : null}
      </div>
    </>,
  );
}

/** Whether the merchant has any payment. What cannot be read is not nothing. */
async function hasPayments(api: ApiClient): Promise<boolean> {
  const query = { limit: 1 };
  const reply = await api.call<BookPage<Payment>>("GET", TRANSACTIONS, { query });
  if (!reply.ok && reply.status !== 503) throw new PageProblem(reply.problem);
  return !reply.ok || reply.body.data.length > 0;
}

async function operatorPage(c: AppContext, { session, api }: Visit): Promise<Response> {
  const [period, nowMs] = [readPeriod(c), Date.now()];
  // First, because it brings D1 up to date.
  const system = await readSystem(c, api);
  const totals = await readTotals(c, undefined, period, nowMs);
  return renderPage(
    c,
    session,
    PAGE,
    <>
      <h1>Overview of all merchants</h1>
      <PeriodTabs period={period} />
      <TotalsSection
        totals={totals}
        currency={c.req.query("currency")}
        empty={<NothingHappened />}
      />
      <SystemSection system={system} limits={c.get("config").limits} />
    </>,
  );
}

function NothingHappened() {
  return (
    <Empty title="Nothing happened in this time">
      <p>Payments are counted here in the hour in which something happens to them.</p>
    </Empty>
  );
}
