/** What an action will do, in a sentence that names the amount, the currency and the customer. */
import type { Child } from "hono/jsx";
import { moneyText } from "../../view/money";
import type { Payment } from "../bodies";
import type { PaymentState } from "../read-payment";
import type { Action } from "./actions";
import { amountOf, type Draft } from "./draft";

type Props = { action: Action; state: PaymentState; draft: Draft };
type Sentences = { main: Child; more: string };

export function Summary(props: Props) {
  return <SummaryText {...describe(props)} />;
}

export function SummaryText({ main, more }: Sentences) {
  return (
    <div class="summary">
      <p class="summary-main">{main}</p>
      <p class="muted">{more}</p>
    </div>
  );
}

/** What processing a payment does. @param all the amount, with its currency */
export function chargeSentences(
  capture_method: Payment["capture_method"],
  all: string,
  customer: Child,
): Sentences {
  return capture_method === "manual"
    ? {
        main: (
          <>
            Authorize {all} of {customer}
          </>
        ),
        more: "The money is held on the customer's account until it is captured or released.",
      }
    : {
        main: (
          <>
            Charge {all} to {customer}
          </>
        ),
        more: "The processor is called once.",
      };
}

function describe({ action, state, draft }: Props): Sentences {
  const { payment } = state;
  const { amount_minor, currency, status, capture_method } = payment;
  const all = moneyText(amount_minor, currency);
  const customer = <bdi>{payment.user_id}</bdi>;
  const minor = amountOf(action, state, draft);
  const part = minor === undefined ? "" : moneyText(minor, currency);
  switch (action) {
    case "process":
      if (status === "requires_action") {
        return {
          main: (
            <>
              Query the processor about {all} of {customer}
            </>
          ),
          more: "The customer has to confirm the payment. If that has happened, its outcome is recorded now.",
        };
      }
      return chargeSentences(capture_method, all, customer);
    case "capture": {
      const rest = (payment.amount_capturable_minor ?? amount_minor) - (minor ?? amount_minor);
      return {
        main: (
          <>
            Capture {part} of {all} from {customer}
          </>
        ),
        more:
          rest > 0
            ? `A payment is captured once: the rest, ${moneyText(rest, currency)}, is released.`
            : "A payment is captured once.",
      };
    }
    case "refund":
      return {
        main: (
          <>
            Refund {part} of {all} to {customer}
          </>
        ),
        more: "The money goes back to the customer. A refund cannot be taken back.",
      };
    case "cancel":
      return {
        main: (
          <>
            Cancel the payment of {all} by {customer}
          </>
        ),
        more:
          status === "pending" || status === "review"
            ? "It can never be charged afterwards. No money has moved."
            : "The processor releases the money that is held. It can never be charged afterwards.",
      };
  }
}
