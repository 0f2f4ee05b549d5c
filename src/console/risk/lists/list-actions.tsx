/** Adds values to lists, and removes them after a confirmation. */
import type { AppContext } from "../../../api/context";
import type { Visit } from "../../http/define-page";
import type { Form } from "../../http/form";
import { PageProblem } from "../../http/page-problem";
import { toRefusedForm } from "../../http/refused-form";
import { redirect } from "../../http/respond-page";
import { withNotice } from "../../view/notices";
import { ActionForm } from "../../view/parts";
import { renderPage } from "../../view/render";
import { Time } from "../../view/time";
import { LISTS } from "../parts";
import { FIELD_NAMES, readEntry, toEntryBody } from "./add-form";
import { type Entry, entryPath, FIELD_LABELS, LISTS_API, removePath } from "./entries";
import { showLists } from "./lists-page";

export async function addEntry(c: AppContext, visit: Visit, form: Form): Promise<Response> {
  const entered = readEntry(form);
  const reply = await visit.api.call<Entry>("POST", LISTS_API, { body: toEntryBody(entered) });
  if (!reply.ok) return showLists(c, visit, entered, toRefusedForm(reply.problem, FIELD_NAMES));
  return redirect(c, withNotice(LISTS, reply.status === 201 ? "entry_added" : "entry_changed"));
}

export async function removePage(c: AppContext, { session, api }: Visit): Promise<Response> {
  const entry = await api.get<Entry>(entryPath(c.req.param("id") ?? ""));
  return renderPage(
    c,
    session,
    { title: "Remove an entry" },
    <>
      <h1>Remove this value from the {entry.list} list?</h1>
      <div class="card">
        <dl class="facts">
          <dt>{FIELD_LABELS[entry.field]}</dt>
          <dd>
            <bdi>{entry.value}</bdi>
          </dd>
          <dt>Note</dt>
          <dd>{entry.note ? <bdi>{entry.note}</bdi> : <span class="muted">none</span>}</dd>
          <dt>Added</dt>
          <dd>
            <Time at={entry.created_at} />
          </dd>
          <dt>Expires</dt>
          <dd>{entry.expires_at ? <Time at={entry.expires_at} /> : "never"}</dd>
        </dl>
      </div>
      <ActionForm session={session} action={removePath(entry.id)} class="actions">
        <button type="submit" class="danger">
          Remove
        </button>
        <a class="button" href={LISTS}>
          Keep it
        </a>
      </ActionForm>
    </>,
  );
}

export async function removeEntry(c: AppContext, { api }: Visit): Promise<Response> {
  const reply = await api.call<void>("DELETE", entryPath(c.req.param("id") ?? ""));
  if (!reply.ok) throw new PageProblem(reply.problem);
  return redirect(c, withNotice(LISTS, "entry_removed"));
}
