/** The allow and block lists: what is on them, and what is added. */
import type { AppContext } from "../../../api/context";
import type { Session } from "../../access/session";
import { isAllowed } from "../../http/allowed";
import type { Visit } from "../../http/define-page";
import { PageProblem } from "../../http/page-problem";
import type { RefusedForm } from "../../http/refused-form";
import { SelectField } from "../../view/fields";
import { Empty, Pager, TableFrame, Warning } from "../../view/parts";
import { renderPage } from "../../view/render";
import { Time } from "../../view/time";
import { LISTS, RiskTabs } from "../parts";
import { AddForm, type EnteredEntry, NO_ENTRY } from "./add-form";
import {
  type Entry,
  type EntryPage,
  FIELD_LABELS,
  FIELD_OPTIONS,
  LIST_OPTIONS,
  LISTS_API,
  removePath,
} from "./entries";

const PAGE_ITEMS = 50;

export function listsPage(c: AppContext, visit: Visit): Promise<Response> {
  return showLists(c, visit, NO_ENTRY);
}

/** @param entered what the visitor wanted to add, with the reason why it was refused */
export async function showLists(
  c: AppContext,
  { session, api }: Visit,
  entered: EnteredEntry,
  refused?: RefusedForm,
): Promise<Response> {
  const [list, field, cursor] = ["list", "field", "cursor"].map((name) => c.req.query(name) ?? "");
  const reply = await api.call<EntryPage>("GET", LISTS_API, {
    query: { list, field, cursor, limit: PAGE_ITEMS },
  });
  if (!reply.ok && reply.status !== 503) throw new PageProblem(reply.problem);
  const canWrite = isAllowed(session, "risk:write");
  return renderPage(
    c,
    session,
    { title: "Allow and block lists", status: refused?.status ?? reply.status },
    <>
      <h1>Allow and block lists</h1>
      <RiskTabs current={LISTS} />
      <p class="muted">
        A payment with a value on the block list is blocked, and one with a value on the allow list
        is approved, whatever its score. A change is in force within 5 seconds.
      </p>
      {canWrite ? <AddForm session={session} entered={entered} refused={refused} /> : null}
      <Filter list={list} field={field} />
      {reply.ok ? (
        <Entries
          session={session}
          page={reply.body}
          address={new URLSearchParams({ ...(list && { list }), ...(field && { field }) })}
          isFirst={cursor === ""}
        />
      ) : (
        <Warning>
          The lists cannot be read at the moment. Payments are decided by the last known ones.
        </Warning>
      )}
    </>,
  );
}

const ANY = { value: "", label: "Any" };

function Filter({ list, field }: { list: string | undefined; field: string | undefined }) {
  return (
    <form method="get" action={LISTS} class="fields list-filter">
      <SelectField name="list" label="List" options={[ANY, ...LIST_OPTIONS]} value={list} />
      <SelectField name="field" label="Field" options={[ANY, ...FIELD_OPTIONS]} value={field} />
      <div class="actions">
        <button type="submit">Filter</button>
        {list || field ? (
          <a class="button" href={LISTS}>
            Show all
          </a>
        ) : null}
      </div>
    </form>
  );
}

type EntriesProps = {
  session: Session;
  page: EntryPage;
  /** The filters of this page. */
  address: URLSearchParams;
  isFirst: boolean;
};

function Entries({ session, page: { data, next_cursor }, address, isFirst }: EntriesProps) {
  const canWrite = isAllowed(session, "risk:write");
  const first = address.size > 0 ? `${LISTS}?${address}` : LISTS;
  const next = new URLSearchParams([...address, ["cursor", next_cursor ?? ""]]);
  return (
    <>
      {data.length === 0 ? (
        <Empty title={address.size > 0 ? "No entry matches" : "The lists are empty"}>
          <p>
            Add customers, addresses, cards or countries that you trust or do not want, here or with{" "}
            <code>POST {LISTS_API}</code>.
          </p>
        </Empty>
      ) : (
        <TableFrame label="Entries, newest first">
          <table class="stacked">
            <caption>Newest first. Entries that have expired are not shown.</caption>
            <thead>
              <tr>
                {["List", "Field", "Value", "Note", "Added", "Expires"].map((name) => (
                  <th scope="col">{name}</th>
                ))}
                {canWrite ? (
                  <th scope="col">
                    <span class="unseen">Actions</span>
                  </th>
                ) : null}
              </tr>
            </thead>
            <tbody>
              {data.map((entry) => (
                <EntryRow entry={entry} canWrite={canWrite} />
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
      <Pager
        first={isFirst ? undefined : first}
        next={next_cursor ? `${LISTS}?${next}` : undefined}
      />
    </>
  );
}

function EntryRow({ entry, canWrite }: { entry: Entry; canWrite: boolean }) {
  const { id, list, field, value, note, created_at, expires_at } = entry;
  return (
    <tr>
      <td data-label="List">
        <span class={`status ${list === "allow" ? "good" : "bad"}`}>{list}</span>
      </td>
      <td data-label="Field">{FIELD_LABELS[field]}</td>
      <td data-label="Value" class="break">
        <bdi class="clamp">{value}</bdi>
      </td>
      <td data-label="Note" class="break">
        {note ? <bdi class="clamp">{note}</bdi> : null}
      </td>
      <td data-label="Added">
        <Time at={created_at} />
      </td>
      <td data-label="Expires">{expires_at ? <Time at={expires_at} /> : "never"}</td>
      {canWrite ? (
        <td>
          <a class="button" href={removePath(id)} aria-label={`Remove ${value}`}>
            Remove
          </a>
        </td>
      ) : null}
    </tr>
  );
}
