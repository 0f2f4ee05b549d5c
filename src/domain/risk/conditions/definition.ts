/** What each kind of condition defines, and what it is given. One file a kind; `kinds.ts` has the table. */
import type { Payment } from "../payment";
import type { Condition, Signals, Subject } from "../rule-set";

/** Whether a condition holds. Undefined: a signal is missing, and the result depends on it. */
export type Tristate = boolean | undefined;

/** Shown where a condition could not be evaluated and its kind has no better reason. */
export const NOT_EVALUATED = "a condition could not be evaluated";

/** A payment's conditions are evaluated with it. Combinators evaluate and explain their parts by it. */
export type Evaluation = {
  readonly payment: Payment;
  readonly signals: Signals;
  holds(condition: Condition): Tristate;
  /** @param truth what the condition came to */
  explain(condition: Condition, truth: Tristate): string;
};

export type Path = (string | number)[];
/** A condition inside another, and where it is in it. */
export type Part = { path: Path; condition: Condition };
/** A signal that is measured: whose payments, and its full name. */
type RequiredSignal = { subject: Subject; name: string };

/** The definition of a kind. Its members are methods, whose parameters TypeScript compares in both directions: so
 *  `findDefinition` may return any of them, which is right because it returns the one for the condition's kind. */
export type ConditionDefinition<Kind extends Condition> = {
  holds(condition: Kind, on: Evaluation): Tristate;
  /** Why the condition came to `truth`, with the values that were compared. */
  explain(condition: Kind, on: Evaluation, truth: Tristate): string;
  /** The velocity signals that it reads. Signals of lists are not among them: they are computed for every payment. */
  signals?(condition: Kind): RequiredSignal[];
  /** The conditions that it combines. */
  parts?(condition: Kind): Part[];
};
