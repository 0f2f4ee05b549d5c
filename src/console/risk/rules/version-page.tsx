/** One version of the rules, and what it changed. */
import type { AppContext } from "../../../api/context";
import { isAllowed } from "../../http/allowed";
import type { Visit } from "../../http/define-page";
import { PageProblem } from "../../http/page-problem";
import { renderPage } from "../../view/render";
import { Time } from "../../view/time";
import {
  EDIT,
  RiskTabs,
  RULES_API,
  type RuleSetBody,
  readRules,
  VERSIONS,
  versionPath,
} from "../parts";
import { DifferenceView } from "./difference-view";
import { RuleSetView } from "./rule-set-view";

export async function versionPage(c: AppContext, { session, api }: Visit): Promise<Response> {
  const version = Number(c.req.param("version"));
  const [ruleSet, before] = await Promise.all([
    readRules(api, version),
    version > 0
      ? api.call<RuleSetBody>("GET", RULES_API, { query: { version: version - 1 } })
      : undefined,
  ]);
  // The version before is no longer kept if this is the oldest one.
  if (before && !before.ok && before.status !== 404) throw new PageProblem(before.problem);
  return renderPage(
    c,
    session,
    { title: `Version ${version} of the rules` },
    <>
      <div class="page-head">
        <h1>Version {version} of the rules</h1>
        {isAllowed(session, "risk:write") ? (
          <div class="actions">
            <a class="button" href={`${EDIT}?from=${version}`}>
              Edit from this version
            </a>
          </div>
        ) : null}
      </div>
      <RiskTabs current={VERSIONS} />
      <p class="muted">
        {ruleSet.created_at ? (
          <>
            Saved <Time at={ruleSet.created_at} />.
          </>
        ) : (
          "The default of this deployment, from its present settings."
        )}
      </p>
      {version > 0 ? (
        <section class="card" aria-labelledby="changes">
          <h2 id="changes">
            Changes from <a href={versionPath(version - 1)}>version {version - 1}</a>
          </h2>
          {before?.ok ? (
            <DifferenceView before={before.body} after={ruleSet} />
          ) : (
            <p>The version before is no longer kept.</p>
          )}
        </section>
      ) : null}
      <RuleSetView ruleSet={ruleSet} />
    </>,
  );
}
