/** The pages and forms of the actions. */
import type { AppContext } from "../../../api/context";
import type { ApiReply, ProblemBody } from "../../http/api-client";
import { type Console, defineAction, definePage, type Visit } from "../../http/define-page";
import type { Form } from "../../http/form";
import { PageProblem } from "../../http/page-problem";
import { redirect } from "../../http/respond-page";
import { type NoticeCode, withNotice } from "../../view/notices";
import { PAYMENTS, type Payment, paymentPath, type Refund } from "../bodies";
import { type PaymentState, readEvents, readState } from "../read-payment";
import { renderAction } from "./action-page";
import { ACTIONS, type Action, isPossible, labelOf, largestAmount, SCOPE } from "./actions";
import { carryOut } from "./carry-out";
import { checkDraft, type Draft, newDraft, readDraft, toDraftFaults } from "./draft";
import { renderRefused } from "./refused-page";

export function actionPages(app: Console): void {
  for (const action of ACTIONS) {
    const path = `${PAYMENTS}/:id/${action}`;
    definePage(app, path, SCOPE, (c, visit) => begin(c, visit, action));
    defineAction(app, path, SCOPE, (c, visit, form) => proceed(c, visit, action, form));
  }
}

const idOf = (c: AppContext): string => c.req.param("id") ?? "";

/** The first step. */
async function begin(c: AppContext, { session, api }: Visit, action: Action): Promise<Response> {
  const state = await readState(api, idOf(c));
  const { payment } = state;
  if (!isPossible(action, state)) {
    return renderRefused(c, session, {
      ...{ status: 409, title: "Not possible", payment, events: [], version: payment.version },
      detail: notPossible(action, state),
    });
  }
  const step = largestAmount(action, state) === undefined ? "confirm" : "enter";
  return renderAction(c, session, { action, state, draft: newDraft(action, state), step });
}

function notPossible(action: Action, { payment }: PaymentState): string {
  if (action === "refund" && payment.status === "completed") return "Nothing is left to refund.";
  if (action === "process" && payment.erased_at !== undefined) {
    return "The customer's data was erased before the payment was charged.";
  }
  const label = labelOf(action, payment).toLowerCase();
  return `The action “${label}” is not possible while the status is ${payment.status.replaceAll("_", " ")}.`;
}

/** Shows the confirmation of what was entered, or does what was confirmed. */
async function proceed(c: AppContext, visit: Visit, action: Action, form: Form): Promise<Response> {
  const { session, api } = visit;
  const id = idOf(c);
  const draft = readDraft(form);
  if (form.get("confirm") === "yes") {
    const reply = await carryOut(api, action, id, draft);
    return reply.ok
      ? redirect(c, addressAfter(action, id, reply))
      : refuse(c, visit, action, draft, reply.problem);
  }
  const state = await readState(api, id);
  if (state.payment.version !== draft.version) {
    return renderChanged(c, visit, state.payment, draft, { status: 409, detail: CHANGED });
  }
  const faults = checkDraft(action, state, draft);
  const isFaulty = Object.keys(faults).length > 0;
  return renderAction(c, session, {
    ...{ action, state, draft, faults, status: isFaulty ? 400 : 200 },
    step: isFaulty ? "enter" : "confirm",
  });
}

/** The payment's page. It says itself what was declined, and what has no outcome yet. */
function addressAfter(
  action: Action,
  id: string,
  { status, body }: ApiReply<Payment | Refund> & { ok: true },
): string {
  const notice = status === 202 ? undefined : NOTICES[`${action} ${body.status}`];
  return notice === undefined ? paymentPath(id) : withNotice(paymentPath(id), notice);
}

/** By the action and the status that it has led to. */
const NOTICES: Record<string, NoticeCode | undefined> = {
  "process completed": "charged",
  "process authorized": "authorized",
  "capture completed": "captured",
  "refund succeeded": "refunded",
  "cancel cancelled": "cancelled",
};

/** Statuses of problems that have to do with what the payment is, not with what was entered. */
const ABOUT_THE_PAYMENT = [409, 412, 422];

/** Shows why the API has refused an action: the payment has changed, or something entered is at fault, or it can be tried
 *  again with the same form. */
async function refuse(
  c: AppContext,
  visit: Visit,
  action: Action,
  draft: Draft,
  problem: ProblemBody,
): Promise<Response> {
  if (problem.status === 404 || problem.status === 401) throw new PageProblem(problem);
  c.set("outcome", problem.code);
  const state = await readState(visit.api, idOf(c));
  const { payment } = state;
  const hasChanged = payment.version !== draft.version || !isPossible(action, state);
  if (hasChanged && ABOUT_THE_PAYMENT.includes(problem.status)) {
    return renderChanged(c, visit, payment, draft, problem);
  }
  const faults = toDraftFaults(problem);
  const isEntered = faults.amount !== undefined || faults.reason !== undefined;
  return renderAction(c, visit.session, {
    ...{ action, state, draft, faults, status: problem.status },
    step: isEntered ? "enter" : "confirm",
    alert: isEntered ? undefined : problem.detail,
  });
}

type Refusal = { status: number; detail: string; code?: ProblemBody["code"] };

async function renderChanged(
  c: AppContext,
  { session, api }: Visit,
  payment: Payment,
  { version }: Draft,
  { status, detail, code }: Refusal,
): Promise<Response> {
  return renderRefused(c, session, {
    ...{ status, payment, version, events: await readEvents(api, payment.id) },
    title:
      code === "idempotency_key_reused" ? "This form was already sent" : "The payment has changed",
    detail: (code && DETAILS[code]) ?? detail,
  });
}

const CHANGED = "The payment has changed since the form was opened. Nothing was done.";
/** Problems that the API describes in words for its clients. */
const DETAILS: Partial<Record<ProblemBody["code"], string>> = {
  version_mismatch: CHANGED,
  idempotency_key_reused:
    "It was sent before with something else in it, and that was done. Nothing was done now.",
};
