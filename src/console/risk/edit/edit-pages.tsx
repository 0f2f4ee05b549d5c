/** Edits the rules: the page, the backtest, and saving. */
import type { Child } from "hono/jsx";
import type { AppContext } from "../../../api/context";
import type { RuleSet } from "../../../domain/risk/rule-set";
import type { Visit } from "../../http/define-page";
import type { Form } from "../../http/form";
import { PageProblem } from "../../http/page-problem";
import { redirect } from "../../http/respond-page";
import { withNotice } from "../../view/notices";
import { renderPage } from "../../view/render";
import { Time } from "../../view/time";
import { RISK, RULES_API, type RuleSetBody, readRules, toText, versionPath } from "../parts";
import { compareRuleSets } from "../rules/compare";
import { DifferenceView } from "../rules/difference-view";
import { BacktestReport } from "./backtest-report";
import { backtestDraft, type Draft, type Refused, readDraft, saveDraft } from "./draft";
import { EditorView } from "./editor-view";
import { parseRulesText } from "./rules-text";

/** `?from=3` begins with the text of that version; it is saved after the current one all the same. */
export async function editPage(c: AppContext, visit: Visit): Promise<Response> {
  const from = c.req.query("from");
  const [current, source] = await Promise.all([
    readRules(visit.api),
    from !== undefined && /^\d{1,15}$/.test(from) ? readRules(visit.api, Number(from)) : undefined,
  ]);
  const draft = {
    text: toText(source ?? current),
    version: String(current.version),
    ...{ from: "", to: "", limit: "100" },
  };
  return show(c, visit, draft);
}

export async function saveRules(c: AppContext, visit: Visit, form: Form): Promise<Response> {
  const draft = readDraft(form);
  requireVersion(draft);
  const saved = await saveDraft(visit, draft);
  if (saved.ok) return redirect(c, withNotice(RISK, "rules_saved"));
  const { refused } = saved;
  if (refused.code !== "rule_set_version_conflict") return show(c, visit, draft, { refused });
  const current = await readRules(visit.api);
  if (isInForce(current, draft)) return redirect(c, withNotice(RISK, "rules_saved"));
  return show(c, visit, draft, { refused, above: await showConflict(visit, draft, current) });
}

/** Whether the rules in force are the draft's: then its form was sent twice, or another session saved the same. */
function isInForce(current: RuleSetBody, draft: Draft): boolean {
  const parsed = parseRulesText(draft.text);
  if (!parsed.ok) return false;
  const rules = parsed.value as RuleSet; // The API checks the form of a rule set before its version.
  const { rules: changed, settings } = compareRuleSets(current, rules);
  return changed.length + settings.length === 0;
}

export async function backtestRules(c: AppContext, visit: Visit, form: Form): Promise<Response> {
  const draft = readDraft(form);
  requireVersion(draft);
  const tried = await backtestDraft(visit, draft, form.get("cursor"));
  if (!tried.ok) return show(c, visit, draft, { refused: tried.refused });
  return show(c, visit, draft, { report: <BacktestReport report={tried.body} /> });
}

/** @throws PageProblem if the form is not one of these pages */
function requireVersion({ version }: Draft): void {
  if (/^\d{1,15}$/.test(version)) return;
  const detail = "The form does not name the version that it was made from. Load the page again.";
  throw new PageProblem({ status: 400, title: "Form refused", detail });
}

type Result = { refused?: Refused; above?: Child; report?: Child };

function show(c: AppContext, { session }: Visit, draft: Draft, result: Result = {}): Response {
  const { refused, above, report } = result;
  return renderPage(
    c,
    session,
    { title: "Edit the rules", status: refused?.status ?? 200, scripts: ["editor"] },
    <EditorView session={session} draft={draft} refused={refused} above={above} report={report} />,
  );
}

/** What was saved while the text was edited. */
async function showConflict(
  { api }: Visit,
  { version }: Draft,
  current: RuleSetBody,
): Promise<Child> {
  const base = await api.call<RuleSetBody>("GET", RULES_API, { query: { version } });
  return (
    <section class="card conflict" aria-labelledby="conflict">
      <p class="notice warning" role="alert">
        Nothing was saved: the rules have changed since you opened them. Your text is kept below.
      </p>
      <h2 id="conflict">
        Saved meanwhile: <a href={versionPath(current.version)}>version {current.version}</a>
      </h2>
      {current.created_at ? (
        <p class="muted">
          <Time at={current.created_at} />. Its differences to version {version}, which your text
          was made from:
        </p>
      ) : null}
      {base.ok ? <DifferenceView before={base.body} after={current} /> : null}
      <p>
        Take over in your text what shall stay. Then{" "}
        <button
          type="submit"
          form="edit-form"
          name="over"
          value={String(current.version)}
          class="danger"
        >
          save it over version {current.version}
        </button>
      </p>
    </section>
  );
}
