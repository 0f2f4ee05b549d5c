/** The two steps of an action: the form, where something is to be entered, and the confirmation. */
import type { AppContext } from "../../../api/context";
import type { Session } from "../../access/session";
import { AreaField, TextField } from "../../view/fields";
import { moneyText } from "../../view/money";
import { ActionForm, Id, Status } from "../../view/parts";
import { renderPage } from "../../view/render";
import { paymentPath } from "../bodies";
import type { PaymentState } from "../read-payment";
import { type Action, DEFINITIONS, labelOf, largestAmount } from "./actions";
import type { Draft, DraftFaults } from "./draft";
import { Summary } from "./summary";

/** The API accepts a reason of this length. */
const MAX_REASON_CHARACTERS = 500;

export type ActionView = {
  action: Action;
  state: PaymentState;
  draft: Draft;
  /** `enter` asks for the amount first. */
  step: "enter" | "confirm";
  faults?: DraftFaults;
  /** Why the API has refused it, if no field is at fault. */
  alert?: string | undefined;
  status?: number;
};

export function renderAction(c: AppContext, session: Session, view: ActionView): Response {
  const { action, state, step, alert, status = 200 } = view;
  const { payment } = state;
  const path = paymentPath(payment.id);
  const label = labelOf(action, payment);
  return renderPage(
    c,
    session,
    { title: `${label}: ${payment.id}`, status },
    <>
      <div class="page-head">
        <h1>{step === "enter" ? label : `${label}?`}</h1>
        <Status status={payment.status} />
      </div>
      <p class="muted">
        Payment <Id id={payment.id} href={path} />
      </p>
      {alert === undefined ? null : (
        <p class="notice bad" role="alert">
          {alert}
        </p>
      )}
      <ActionForm session={session} action={`${path}/${action}`} class="card stack action-form">
        <input type="hidden" name="version" value={String(view.draft.version)} />
        <input type="hidden" name="key" value={view.draft.key} />
        {step === "enter" ? <Enter {...view} /> : <Confirm {...view} />}
        <div class="actions">
          <button type="submit" class={DEFINITIONS[action].isDangerous ? "danger" : "primary"}>
            {step === "enter" ? "Continue" : buttonOf(action, label)}
          </button>
          <a class="button" href={path}>
            Back to the payment
          </a>
        </div>
      </ActionForm>
    </>,
  );
}

/** Two buttons that say Cancel would be mistaken for each other. */
const buttonOf = (action: Action, label: string): string =>
  action === "cancel" ? "Cancel the payment" : label;

function Enter({ action, state, draft, faults = {} }: ActionView) {
  const { currency } = state.payment;
  const largest = largestAmount(action, state);
  return (
    <>
      <TextField
        name="amount"
        label={`Amount in ${currency}`}
        hint={largest === undefined ? undefined : `At most ${moneyText(largest, currency)}.`}
        fault={faults.amount}
        value={draft.amount}
        inputmode="decimal"
        required
      />
      {action === "refund" ? (
        <AreaField
          name="reason"
          label="Reason (optional)"
          fault={faults.reason}
          value={draft.reason}
          rows={3}
          maxlength={MAX_REASON_CHARACTERS}
        />
      ) : null}
    </>
  );
}

function Confirm({ action, state, draft }: ActionView) {
  return (
    <>
      <input type="hidden" name="confirm" value="yes" />
      <input type="hidden" name="amount" value={draft.amount} />
      <input type="hidden" name="reason" value={draft.reason} />
      <Summary action={action} state={state} draft={draft} />
      {draft.reason === "" ? null : (
        <p>
          <span class="muted">Reason:</span> <bdi class="free-text">{draft.reason}</bdi>
        </p>
      )}
    </>
  );
}
