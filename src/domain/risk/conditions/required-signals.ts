/** Which signals a rule set reads, so that those and no others are gathered and stored. */
import { type Payment, readSentSubject } from "../payment";
import type { RuleSet, Subject } from "../rule-set";
import { findDefinition, walkConditions } from "./kinds";

/** A subject and what is measured of it. A signal is named `${subject}.${measure}`. */
export type SubjectMeasures = { subject: Subject; measures: string[] };

const collected = new WeakMap<RuleSet, SubjectMeasures[]>();

/** What is measured for a rule set, by subject. The customer is always there, so that every payment is counted before
 *  a rule reads the count. */
export function requiredSignals(ruleSet: RuleSet): SubjectMeasures[] {
  const found = collected.get(ruleSet) ?? collect(ruleSet);
  collected.set(ruleSet, found);
  return found;
}

function collect({ rules }: RuleSet): SubjectMeasures[] {
  const measures = new Map<Subject, Set<string>>([["customer", new Set()]]);
  for (const { when } of rules) {
    for (const { condition } of walkConditions({ path: [], condition: when })) {
      for (const { subject, name } of findDefinition(condition)?.signals?.(condition) ?? []) {
        const own = measures.get(subject) ?? new Set();
        measures.set(subject, own.add(name.slice(subject.length + 1)));
      }
    }
  }
  return [...measures].map(([subject, own]) => ({ subject, measures: [...own] }));
}

/** The names of the velocity signals that a rule set reads for this payment. */
export function signalNames(ruleSet: RuleSet, payment: Payment): string[] {
  return requiredSignals(ruleSet)
    .filter(({ subject }) => readSentSubject(payment, subject) !== undefined)
    .flatMap(({ subject, measures }) => measures.map((measure) => `${subject}.${measure}`));
}
