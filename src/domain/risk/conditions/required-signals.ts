/** Which signals a rule set asks for, so that those and no others are gathered and kept. */
import { type Payment, sentSubject } from "../payment";
import {
  type Condition,
  CUSTOMER_AGE,
  type RuleSet,
  type Subject,
  velocityName,
} from "../rule-set";

/** A subject and what is to be measured of it. A signal is named `${subject}.${measure}`. */
export type Wanted = { subject: Subject; measures: string[] };

const known = new WeakMap<RuleSet, Wanted[]>();

/** What velocity has to be asked, by subject. The customer is always there, so that every payment is
 *  counted before a rule asks for the count. Lists are not: their signals need no asking. */
export function requiredSignals(ruleSet: RuleSet): Wanted[] {
  const found = known.get(ruleSet) ?? collect(ruleSet);
  known.set(ruleSet, found);
  return found;
}

function collect({ rules }: RuleSet): Wanted[] {
  const measures = new Map<Subject, Set<string>>([["customer", new Set()]]);
  const want = (subject: Subject, name: string) => {
    const own = measures.get(subject) ?? new Set();
    measures.set(subject, own.add(name.slice(subject.length + 1)));
  };
  for (const { when } of rules) visit(when, want);
  return [...measures].map(([subject, own]) => ({ subject, measures: [...own] }));
}

function visit(condition: Condition, want: (subject: Subject, name: string) => void): void {
  if ("all" in condition) for (const part of condition.all) visit(part, want);
  else if ("any" in condition) for (const part of condition.any) visit(part, want);
  else if ("not" in condition) visit(condition.not, want);
  else if ("customer_age" in condition) want("customer", CUSTOMER_AGE);
  else if ("velocity" in condition) want(condition.velocity.of, velocityName(condition.velocity));
}

/** The names of the signals that a rule set would look at for this payment. */
export function signalNames(ruleSet: RuleSet, payment: Payment): string[] {
  return requiredSignals(ruleSet)
    .filter(({ subject }) => sentSubject(payment, subject) !== undefined)
    .flatMap(({ subject, measures }) => measures.map((measure) => `${subject}.${measure}`));
}
