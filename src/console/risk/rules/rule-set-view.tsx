/** A rule set in words, and as JSON. */
import { OUT_OF_REACH } from "../../../domain/risk/limits";
import type { Rule, RuleSet } from "../../../domain/risk/rule-set";
import { plural, secondsText } from "../../view/duration";
import { Empty, Status } from "../../view/parts";
import { type RuleSetBody, toText } from "../parts";
import { ConditionWords } from "./condition-words";

export function RuleSetView({ ruleSet }: { ruleSet: RuleSetBody }) {
  return (
    <>
      <section class="card" aria-labelledby="rules">
        <h2 id="rules">Rules</h2>
        {ruleSet.rules.length === 0 ? (
          <Empty title="There are no rules">
            <p>Payments are decided by the allow and block lists alone.</p>
          </Empty>
        ) : (
          <ul class="rules">
            {ruleSet.rules.map((rule) => (
              <RuleView rule={rule} />
            ))}
          </ul>
        )}
      </section>
      <section class="card" aria-labelledby="decision">
        <h2 id="decision">Decision</h2>
        <dl class="facts">
          {Object.entries(settingWords(ruleSet)).map(([name, words]) => (
            <>
              <dt>{name}</dt>
              <dd>{words}</dd>
            </>
          ))}
        </dl>
      </section>
      <section class="card" aria-labelledby="json">
        <h2 id="json">As JSON</h2>
        <details>
          <summary>Show what the API returns and accepts</summary>
          <pre class="rule-text">
            <code>{toText(ruleSet)}</code>
          </pre>
        </details>
      </section>
    </>
  );
}

function RuleView({ rule }: { rule: Rule }) {
  return (
    <li>
      <div class="rule-head">
        <code>{rule.id}</code> <Effect rule={rule} />
        {rule.shadow ? <span class="status">shadow: only recorded</span> : null}
      </div>
      <div>
        <span class="muted">when</span> <ConditionWords condition={rule.when} />
      </div>
    </li>
  );
}

function Effect({ rule }: { rule: Rule }) {
  if ("outcome" in rule) return <Status status={rule.outcome} />;
  return <span class="status wait">{plural(rule.points, "point")}</span>;
}

const fromScore = (score: number) => (score >= OUT_OF_REACH ? "never" : `from a score of ${score}`);

/** The settings beside the rules, in words. */
function settingWords(ruleSet: Omit<RuleSet, "rules">): Record<string, string> {
  const { review_score, block_score, allow_beats_block } = ruleSet;
  return {
    "Held by score": fromScore(review_score),
    "Blocked by score": fromScore(block_score),
    "If both match": allow_beats_block
      ? "an allow outweighs a block"
      : "a block outweighs an allow",
    "A review expires after": secondsText(ruleSet.review_expires_after_s),
    "And is then": ruleSet.review_expires_to === "approve" ? "approved" : "rejected",
  };
}
