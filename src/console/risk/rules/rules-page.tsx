/** The rules in force. */
import type { AppContext } from "../../../api/context";
import { isAllowed } from "../../http/allowed";
import type { Visit } from "../../http/define-page";
import { renderPage } from "../../view/render";
import { Time } from "../../view/time";
import { EDIT, RISK, RiskTabs, type RuleSetBody, readRules, versionPath } from "../parts";
import { RuleSetView } from "./rule-set-view";

export async function rulesPage(c: AppContext, { session, api }: Visit): Promise<Response> {
  const ruleSet = await readRules(api);
  return renderPage(
    c,
    session,
    { title: "Fraud rules" },
    <>
      <div class="page-head">
        <h1>Fraud rules</h1>
        {isAllowed(session, "risk:write") ? (
          <div class="actions">
            <a class="button primary" href={EDIT}>
              Edit the rules
            </a>
          </div>
        ) : null}
      </div>
      <RiskTabs current={RISK} />
      <Origin ruleSet={ruleSet} />
      <RuleSetView ruleSet={ruleSet} />
    </>,
  );
}

/** Which version it is, and since when. */
function Origin({ ruleSet: { version, created_at } }: { ruleSet: RuleSetBody }) {
  return (
    <p class="muted">
      <a href={versionPath(version)}>Version {version}</a> is in force
      {created_at ? (
        <>
          , saved <Time at={created_at} />
        </>
      ) : (
        ": the default of this deployment, as long as the merchant has no rules of its own"
      )}
      .
    </p>
  );
}
