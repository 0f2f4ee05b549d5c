/** Creates a payment: the form, its confirmation, and the request to the API. */
import type { AppContext } from "../../../api/context";
import type { ProblemBody } from "../../http/api-client";
import { type Console, defineAction, definePage, type Visit } from "../../http/define-page";
import { type Form, incomplete } from "../../http/form";
import { PageProblem } from "../../http/page-problem";
import { toRefusedForm } from "../../http/refused-form";
import { redirect } from "../../http/respond-page";
import { type NoticeCode, withNotice } from "../../view/notices";
import { onceHeaders, readToken } from "../../view/once";
import { SCOPE } from "../actions/actions";
import { renderRefused } from "../actions/refused-page";
import { NEW_PAYMENT, type Payment, paymentPath, TRANSACTIONS } from "../bodies";
import { checkEntry, type Entry, readEntry } from "./entry";
import { renderConfirmation, renderEntry } from "./entry-form";

export function createPages(app: Console): void {
  definePage(app, NEW_PAYMENT, SCOPE, begin);
  defineAction(app, NEW_PAYMENT, SCOPE, proceed);
}

/** Sessions of the admin token are not allowed here, so there is a merchant. */
const currencyOf = ({ session }: Visit): string => session.holder?.default_currency ?? "";

function begin(c: AppContext, visit: Visit): Response {
  const entry: Entry = {
    ...{ user_id: "", amount: "", currency: currencyOf(visit), capture_method: "automatic" },
    ...{ description: "", metadata: "", payment_method: "", customer: "" },
    process: c.get("config").processor.kind === "none" ? "" : "yes",
  };
  return renderEntry(c, visit.session, { entry, token: undefined });
}

/** Shows the confirmation of what was entered, or the form again, or creates what was confirmed. */
async function proceed(c: AppContext, visit: Visit, form: Form): Promise<Response> {
  const { session, api } = visit;
  const token = readToken(form);
  if (token === undefined) throw incomplete();
  const entry = readEntry(form);
  if (form.get("step") === "change") return renderEntry(c, session, { entry, token });
  const checked = checkEntry(c, entry, currencyOf(visit));
  if (!checked.ok) return renderEntry(c, session, { entry, token, refused: checked.refused });
  const { request } = checked;
  if (form.get("step") !== "create")
    return renderConfirmation(c, session, { entry, token, request });
  const reply = await api.call<Payment>("POST", TRANSACTIONS, {
    body: checked.body,
    headers: onceHeaders(form),
  });
  if (reply.ok) return redirect(c, addressAfter(reply.body));
  const { problem } = reply;
  c.set("outcome", problem.code);
  if (problem.code === "idempotency_key_reused") return renderSentBefore(c, visit, token, problem);
  if (problem.status === 401 || problem.status === 403) throw new PageProblem(problem);
  const refused = toRefusedForm(problem);
  if (Object.keys(refused.fields).length > 0) {
    return renderEntry(c, session, { entry, token, refused });
  }
  const { status, detail: alert } = problem;
  return renderConfirmation(c, session, { entry, token, request, status, alert });
}

/** The payment's page, which shows a decline, a block and an unknown outcome without a notice. */
function addressAfter({ id, status }: Payment): string {
  const notice = NOTICES[status];
  return notice === undefined ? paymentPath(id) : withNotice(paymentPath(id), notice);
}

const NOTICES: Partial<Record<Payment["status"], NoticeCode>> = {
  pending: "payment_created",
  review: "payment_held",
  completed: "charged",
  authorized: "authorized",
};

/** Leads to the payment that the form has created before it was changed. */
async function renderSentBefore(
  c: AppContext,
  { session, api }: Visit,
  token: string,
  { status }: ProblemBody,
): Promise<Response> {
  const payment = await api.get<Payment>(`/api/v1/idempotency-keys/${token}`);
  return renderRefused(c, session, {
    ...{ status, payment, events: [], version: payment.version },
    title: "This form was already sent",
    detail:
      "It was sent before with something else in it, and this payment was created. Nothing was done now. For another payment, begin with a new form.",
  });
}
