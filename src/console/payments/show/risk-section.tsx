/** Why the fraud rules decided as they did: each rule that had an effect, and the signals that it read. */
import { Reasons } from "../../risk/reasons";
import { Status } from "../../view/parts";
import type { Payment } from "../bodies";

type Props = { payment: Payment; canOpenRules: boolean };

export function RiskSection({ payment, canOpenRules }: Props) {
  const { fraud_score, risk } = payment;
  const signals = Object.entries(risk.signals);
  const version = risk.rule_set_version;
  const ruleSet = version === 0 ? "the default rules" : `version ${version} of the rules`;
  return (
    <section class="card" aria-labelledby="risk">
      <h2 id="risk">Risk</h2>
      <p class="score">
        <strong>{fraud_score}</strong> <span class="muted">of 100</span>{" "}
        <Status status={risk.decision} />
      </p>
      <p class="muted">
        By {canOpenRules ? <a href={`/console/risk/versions/${version}`}>{ruleSet}</a> : ruleSet}.
      </p>
      <Reasons reasons={risk.reasons} />
      {risk.shadow.length === 0 ? null : (
        <>
          <h3>Shadow rules, which decide nothing</h3>
          <Reasons reasons={risk.shadow} />
        </>
      )}
      {signals.length === 0 ? null : (
        <>
          <h3>Signals</h3>
          <dl class="facts amounts">
            {signals.map(([name, value]) => (
              <>
                <dt>
                  <code>
                    <bdi>{name}</bdi>
                  </code>
                </dt>
                <dd class="number">{value}</dd>
              </>
            ))}
          </dl>
        </>
      )}
    </section>
  );
}
