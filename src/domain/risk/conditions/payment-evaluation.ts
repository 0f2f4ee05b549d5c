/** Evaluates conditions for one payment, and explains the results. */
import { firstCodePoints } from "../../text/outside-text";
import type { Payment } from "../payment";
import type { Condition, Signals } from "../rule-set";
import { MAX_DETAIL_CHARACTERS } from "./combinators";
import type { Evaluation, Tristate } from "./definition";
import { explain, holds } from "./kinds";

export class PaymentEvaluation implements Evaluation {
  readonly payment: Payment;
  readonly signals: Signals;

  constructor(payment: Payment, signals: Signals) {
    this.payment = payment;
    this.signals = signals;
  }

  /** Whether a condition holds for the payment; undefined when a signal is missing on which that depends.
   *  @throws UnknownCurrency */
  holds(condition: Condition): Tristate {
    return holds(condition, this);
  }

  explain(condition: Condition, truth: Tristate): string {
    return explain(condition, this, truth);
  }

  /** The reason that is stored with the payment: the parts that decided, with the numbers that were compared.
   *  @param truth what `holds` returned */
  detail(condition: Condition, truth: Tristate): string {
    const detail = this.explain(condition, truth);
    const whole = firstCodePoints(detail, MAX_DETAIL_CHARACTERS);
    return whole === detail ? detail : `${firstCodePoints(whole, MAX_DETAIL_CHARACTERS - 1)}…`;
  }
}
