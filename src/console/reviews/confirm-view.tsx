/** Asks for the confirmation of a decision. */
import type { ReviewDecision } from "../../domain/transaction/review";
import type { Session } from "../access/session";
import type { ProblemBody } from "../http/api-client";
import type { Payment } from "../payments/bodies";
import { moneyText } from "../view/money";
import { ActionForm, Warning } from "../view/parts";
import { PaymentSummary, WhyHeld } from "./held-payment";
import { MAX_NOTE_CHARACTERS } from "./queue-view";
import { VERBS } from "./words";

type Props = {
  session: Session;
  payment: Payment;
  decision: ReviewDecision;
  entered: { from: string; cursor: string; note: string };
  /** Where the visitor came from. */
  back: string;
  /** Whether the payment is another version than the one that was decided about. */
  hasChanged: boolean;
  refused: ProblemBody | undefined;
  nowMs: number;
};

const EFFECTS: Record<ReviewDecision, string> = {
  approve: "The payment becomes pending and can be processed.",
  reject: "The payment fails. It cannot be processed afterwards.",
};

export function ConfirmView(props: Props) {
  const { session, payment, decision, entered, back, hasChanged, refused, nowMs } = props;
  const amount = moneyText(payment.amount_minor, payment.currency);
  const noteFault = refused?.errors?.find(({ pointer }) => pointer === "#/note")?.message;
  return (
    <>
      <h1>
        {VERBS[decision]} {amount}?
      </h1>
      {hasChanged ? (
        <Warning>
          The payment has changed since you opened it. Nothing was decided. This is how it is now.
        </Warning>
      ) : null}
      {refused && !noteFault ? (
        <p class="notice bad" role="alert">
          {refused.detail}
        </p>
      ) : null}
      <div class="card queue-item">
        <PaymentSummary payment={payment} />
        <WhyHeld payment={payment} nowMs={nowMs} />
      </div>
      <ActionForm
        session={session}
        action={`/console/reviews/${payment.id}/${decision}`}
        class="stack"
      >
        <input type="hidden" name="version" value={payment.version} />
        <input type="hidden" name="cursor" value={entered.cursor} />
        <input type="hidden" name="from" value={entered.from} />
        <input type="hidden" name="confirm" value="yes" />
        <div class="field">
          <label for="note">Note (optional)</label>
          <input
            id="note"
            name="note"
            value={entered.note}
            maxlength={MAX_NOTE_CHARACTERS}
            autocomplete="off"
            aria-invalid={noteFault ? "true" : undefined}
            aria-describedby={noteFault ? "note-fault" : undefined}
          />
          {noteFault ? (
            <p id="note-fault" class="fault" role="alert">
              The note {noteFault}.
            </p>
          ) : null}
        </div>
        <p class="muted">{EFFECTS[decision]} Your key is stored as the reviewer.</p>
        <div class="actions">
          <button type="submit" class={decision === "approve" ? "primary" : "danger"}>
            {VERBS[decision]} {amount}
          </button>
          <a class="button" href={back}>
            Do not decide
          </a>
        </div>
      </ActionForm>
    </>
  );
}
