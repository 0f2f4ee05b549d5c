/** The queue: one item for each payment that is held, the oldest first, with its decision. */
import { REVIEW_DECISIONS } from "../../domain/transaction/review";
import type { Session } from "../access/session";
import { isAllowed } from "../http/allowed";
import type { BookPage, Payment } from "../payments/bodies";
import { moneyText } from "../view/money";
import { ActionForm, Empty, Pager, StaleWarning, Warning } from "../view/parts";
import { PaymentSummary, WhyHeld } from "./held-payment";
import { KeysDialog } from "./keys-dialog";
import { VERBS } from "./words";

export const MAX_NOTE_CHARACTERS = 500;

type Props = {
  session: Session;
  /** Undefined when it cannot be read. */
  list: BookPage<Payment> | undefined;
  cursor: string | undefined;
  nowMs: number;
};

export function QueueView({ session, list, cursor, nowMs }: Props) {
  const canDecide = isAllowed(session, "risk:write");
  return (
    <>
      <div class="page-head">
        <h1>Reviews</h1>
        {canDecide && list && list.data.length > 0 ? <KeysDialog /> : null}
      </div>
      <p class="muted">
        Payments that the fraud rules hold until a reviewer decides, the oldest first.
        {canDecide ? "" : " The key of this session may not decide: it has no risk:write."}
      </p>
      {list ? (
        <Queue {...{ session, list, cursor, nowMs, canDecide }} />
      ) : (
        <Warning>
          The queue cannot be read at the moment. Payments continue, and what is held stays held.
        </Warning>
      )}
    </>
  );
}

type QueueProps = Props & { list: BookPage<Payment>; canDecide: boolean };

function Queue({ session, list, cursor, nowMs, canDecide }: QueueProps) {
  const { data, next_cursor, stale_since } = list;
  // A list can be older than the last decision.
  const held = data.filter(({ status }) => status === "review");
  const soonest = findSoonest(held);
  return (
    <>
      <StaleWarning since={stale_since} />
      {held.length === 0 ? (
        <Empty title="No payment is held">
          <p>
            A payment comes here when a rule says <code>review</code>, or when its score reaches the
            review score of the <a href="/console/risk">fraud rules</a>.
          </p>
        </Empty>
      ) : (
        <ol class="queue" aria-label="Payments that are held">
          {held.map((payment) => (
            <li
              class="card queue-item"
              tabindex={-1}
              data-amount={moneyText(payment.amount_minor, payment.currency)}
            >
              <PaymentSummary payment={payment} />
              <WhyHeld payment={payment} nowMs={nowMs} isSoonest={payment === soonest} />
              {canDecide ? <DecisionForm {...{ session, payment, cursor }} /> : null}
            </li>
          ))}
        </ol>
      )}
      <Pager
        first={cursor === undefined ? undefined : "/console/reviews"}
        next={
          next_cursor ? `/console/reviews?cursor=${encodeURIComponent(next_cursor)}` : undefined
        }
      />
    </>
  );
}

/** The payment whose review expires first, if there are several. */
function findSoonest(held: Payment[]): Payment | undefined {
  if (held.length < 2) return undefined;
  const expiry = ({ review }: Payment) => review?.expires_at ?? "9999";
  return held.reduce((first, one) => (expiry(one) < expiry(first) ? one : first));
}

type FormProps = { session: Session; payment: Payment; cursor: string | undefined };

function DecisionForm({ session, payment, cursor = "" }: FormProps) {
  const { id, version, amount_minor, currency, user_id } = payment;
  const what = `${moneyText(amount_minor, currency)} of ${user_id}`;
  const path = `/console/reviews/${id}`;
  return (
    <ActionForm session={session} action={`${path}/approve`} class="decision">
      <input type="hidden" name="version" value={version} />
      <input type="hidden" name="cursor" value={cursor} />
      <input
        name="note"
        aria-label={`Note about ${what}`}
        placeholder="Note (optional)"
        maxlength={MAX_NOTE_CHARACTERS}
        autocomplete="off"
      />
      <div class="actions">
        {REVIEW_DECISIONS.map((decision) => (
          <button
            type="submit"
            formaction={`${path}/${decision}`}
            class={decision === "reject" ? "danger" : ""}
            data-verb={VERBS[decision]}
            aria-label={`${VERBS[decision]} ${what}`}
          >
            {VERBS[decision]}
          </button>
        ))}
      </div>
    </ActionForm>
  );
}
