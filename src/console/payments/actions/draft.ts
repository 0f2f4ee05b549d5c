/** What a form of an action carries: what was entered, and what makes the action happen once. */
import { AMOUNT_FAULTS } from "../../../api/http/common-schemas";
import { formatRandomId } from "../../../domain/identity/id";
import { currencyDecimals } from "../../../domain/money/currency";
import { parseAmount } from "../../../domain/money/money";
import type { ProblemBody } from "../../http/api-client";
import { type Form, incomplete, readVersion } from "../../http/form";
import { toRefusedForm } from "../../http/refused-form";
import { formatMoney, moneyText } from "../../view/money";
import type { PaymentState } from "../read-payment";
import { type Action, largestAmount } from "./actions";

const KEY_RANDOM_BYTES = 17;
const KEY = /^console_[a-z2-7]{26}$/;

export type Draft = {
  /** The version of the payment that the form was made for. */
  version: number;
  /** The form's own idempotency key, from the first step to the last. */
  key: string;
  /** Decimal text in major units; empty for actions without an amount. */
  amount: string;
  /** The reason of a refund; empty without one. */
  reason: string;
};
export type DraftFaults = Partial<Record<"amount" | "reason", string>>;

/** A new form's draft, with the largest amount. */
export function newDraft(action: Action, state: PaymentState): Draft {
  const { version, currency } = state.payment;
  const largest = largestAmount(action, state);
  const amount = largest === undefined ? "" : formatMoney(largest, currency).replaceAll(",", "");
  const random = crypto.getRandomValues(new Uint8Array(KEY_RANDOM_BYTES));
  return { version, key: formatRandomId("console", random), amount, reason: "" };
}

/** @throws PageProblem if the form is not one of ours */
export function readDraft(form: Form): Draft {
  const [version, key] = [readVersion(form), form.get("key")];
  if (!KEY.test(key)) throw incomplete();
  const reason = form.getText("reason").trim();
  return { version, key, amount: form.get("amount"), reason };
}

/** What is wrong with what was entered, before the API is asked. */
export function checkDraft(action: Action, state: PaymentState, { amount }: Draft): DraftFaults {
  const largest = largestAmount(action, state);
  if (largest === undefined) return {};
  const { currency } = state.payment;
  const decimals = currencyDecimals(currency);
  const parsed = parseAmount(amount, decimals);
  if (!parsed.ok)
    return { amount: `The amount ${AMOUNT_FAULTS[parsed.fault](currency, decimals)}.` };
  if (parsed.amount_minor <= largest) return {};
  const limit = action === "refund" ? "which is left to refund" : "which is authorized";
  return { amount: `The amount must be at most ${moneyText(largest, currency)}, ${limit}.` };
}

/** The faults that the API has found, beside the fields that they are about. */
export function toDraftFaults(problem: ProblemBody): DraftFaults {
  if (ABOUT_THE_AMOUNT.includes(problem.code)) return { amount: problem.detail };
  return toRefusedForm(problem).fields;
}

/** Problems with the amount that do not name its field. */
const ABOUT_THE_AMOUNT: ProblemBody["code"][] = [
  "refund_exceeds_remaining",
  "amount_exceeds_capturable",
  "capture_amount_differs",
];

/** The amount of a draft that was checked, in minor units; undefined for actions without an amount. */
export function amountOf(action: Action, state: PaymentState, draft: Draft): number | undefined {
  if (largestAmount(action, state) === undefined) return undefined;
  const parsed = parseAmount(draft.amount, currencyDecimals(state.payment.currency));
  return parsed.ok ? parsed.amount_minor : undefined;
}
