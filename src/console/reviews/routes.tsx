/** The review queue, and the decisions about it. */
import type { AppContext } from "../../api/context";
import { REVIEW_DECISIONS, type ReviewDecision } from "../../domain/transaction/review";
import type { ProblemBody } from "../http/api-client";
import { type Console, defineAction, definePage, type Visit } from "../http/define-page";
import { readVersion } from "../http/form";
import { PageProblem } from "../http/page-problem";
import { redirect } from "../http/respond-page";
import { type BookPage, type Payment, paymentPath, TRANSACTIONS } from "../payments/bodies";
import { withNotice } from "../view/notices";
import { renderPage } from "../view/render";
import { ConfirmView } from "./confirm-view";
import { decideReview, readPayment } from "./decide";
import { EndedView } from "./ended-view";
import { QueueView } from "./queue-view";

const REVIEWS = "/console/reviews";
const DECISION = `${REVIEWS}/:id/:decision{${REVIEW_DECISIONS.join("|")}}`;
/** As many as a reviewer can oversee. */
const PAGE_ITEMS = 20;

export function reviewPages(app: Console): void {
  definePage(app, REVIEWS, "transactions:read", showQueue);

  definePage(app, DECISION, "risk:write", async (c, visit) => {
    const payment = await readPayment(visit.api, c.req.param("id") ?? "");
    return showPayment(c, visit, payment, {
      from: c.req.query("from") ?? "",
      cursor: "",
      note: "",
    });
  });

  defineAction(app, DECISION, "risk:write", async (c, visit, form) => {
    const id = c.req.param("id") ?? "";
    const entered = {
      from: form.get("from"),
      cursor: form.get("cursor"),
      note: form.get("note"),
    };
    // Without JavaScript the buttons of the queue lead to the confirmation.
    if (!form.has("confirm")) {
      return showPayment(c, visit, await readPayment(visit.api, id), entered);
    }
    const decision = readDecision(c);
    const outcome = await decideReview(visit.api, id, {
      decision,
      reviewer: visit.session.holder?.key_id ?? "",
      note: entered.note,
      version: readVersion(form),
    });
    if (outcome.kind === "done") {
      const notice = decision === "approve" ? "review_approved" : "review_rejected";
      return redirect(c, withNotice(toBackPath(id, entered), notice));
    }
    if (outcome.kind === "refused") {
      const payment = await readPayment(visit.api, id);
      return showPayment(c, visit, payment, entered, { refused: outcome.problem });
    }
    const hasChanged = outcome.kind === "changed";
    return showPayment(c, visit, outcome.payment, entered, { status: 409, hasChanged });
  });
}

async function showQueue(c: AppContext, { session, api }: Visit): Promise<Response> {
  const cursor = c.req.query("cursor");
  const reply = await api.call<BookPage<Payment>>("GET", TRANSACTIONS, {
    query: { status: "review", order: "asc", limit: PAGE_ITEMS, cursor },
  });
  // D1 has the queue. The decisions need only the owner of the payment.
  if (!reply.ok && reply.status !== 503) throw new PageProblem(reply.problem);
  return renderPage(
    c,
    session,
    { title: "Reviews", status: reply.status, scripts: ["reviews"] },
    <QueueView
      session={session}
      list={reply.ok ? reply.body : undefined}
      cursor={cursor}
      nowMs={Date.now()}
    />,
  );
}

/** What the reviewer entered, and which page the decision began on. */
type Entered = { from: string; cursor: string; note: string };
type Result = { status?: number; hasChanged?: boolean; refused?: ProblemBody };

/** The confirmation, or how the review ended. */
function showPayment(
  c: AppContext,
  { session }: Visit,
  payment: Payment,
  entered: Entered,
  { status = 200, hasChanged = false, refused }: Result = {},
): Response {
  const back = toBackPath(payment.id, entered);
  if (payment.status !== "review") {
    return renderPage(
      c,
      session,
      { title: "Review ended", status },
      <EndedView payment={payment} back={back} isRefused={status === 409} />,
    );
  }
  return renderPage(
    c,
    session,
    { title: "Confirm a decision", status: refused?.status ?? status },
    <ConfirmView
      session={session}
      payment={payment}
      decision={readDecision(c)}
      entered={entered}
      back={back}
      hasChanged={hasChanged}
      refused={refused}
      nowMs={Date.now()}
    />,
  );
}

/** The route matches decisions only. */
const readDecision = (c: AppContext) => c.req.param("decision") as ReviewDecision;

function toBackPath(id: string, { from, cursor }: Entered): string {
  if (from === "payment") return paymentPath(id);
  return cursor === "" ? REVIEWS : `${REVIEWS}?cursor=${encodeURIComponent(cursor)}`;
}
