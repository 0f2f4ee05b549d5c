/** What changed from one rule set to another: rule by rule, because their order has no effect. */
import { structuredPatch } from "diff";
import type { Rule, RuleSet } from "../../../domain/risk/rule-set";
import { partToText } from "../parts";

/** A line with its sign: `+` is new, `-` is gone, a space is in both. `@` stands for lines that did not change. */
export type ChangedLine = { sign: "+" | "-" | " " | "@"; text: string };
export type RuleChange = {
  id: string;
  kind: "added" | "removed" | "changed";
  lines: ChangedLine[];
};
type SettingName = Exclude<keyof RuleSet, "rules">;
export type Difference = { rules: RuleChange[]; settings: SettingName[] };

/** Lines around a change. */
const CONTEXT_LINES = 3;
/** Beyond this the comparison ends, which takes time in proportion to its square, and all lines count as changed. */
const MAX_EDITS = 500;

const SETTINGS: Record<SettingName, true> = {
  review_score: true,
  block_score: true,
  allow_beats_block: true,
  review_expires_after_s: true,
  review_expires_to: true,
};

export function compareRuleSets(before: RuleSet, after: RuleSet): Difference {
  const old = new Map(before.rules.map((rule) => [rule.id, rule]));
  const kept = new Set(after.rules.map(({ id }) => id));
  const rules = after.rules.flatMap((rule) => compareRule(old.get(rule.id), rule));
  const removed = before.rules.filter(({ id }) => !kept.has(id));
  const names = Object.keys(SETTINGS) as SettingName[]; // The table has these members and no others.
  return {
    rules: [
      ...rules,
      ...removed.map(({ id, ...rest }): RuleChange => {
        return { id, kind: "removed", lines: toLines("-", partToText({ id, ...rest })) };
      }),
    ],
    settings: names.filter((name) => before[name] !== after[name]),
  };
}

function compareRule(before: Rule | undefined, after: Rule): RuleChange[] {
  const { id } = after;
  const text = partToText(after);
  if (!before) return [{ id, kind: "added", lines: toLines("+", text) }];
  const old = partToText(before);
  return old === text ? [] : [{ id, kind: "changed", lines: compareTexts(old, text) }];
}

function compareTexts(before: string, after: string): ChangedLine[] {
  const options = { context: CONTEXT_LINES, maxEditLength: MAX_EDITS };
  const patch = structuredPatch("", "", `${before}\n`, `${after}\n`, "", "", options);
  if (!patch) return [...toLines("-", before), ...toLines("+", after)];
  return patch.hunks.flatMap(({ lines }, at) => [
    ...(at > 0 ? [{ sign: "@" as const, text: "…" }] : []),
    ...lines.map((line) => ({ sign: line[0] as ChangedLine["sign"], text: line.slice(1) })),
  ]);
}

function toLines(sign: "+" | "-", text: string): ChangedLine[] {
  return text.split("\n").map((line) => ({ sign, text: line }));
}
