/** The list of payments. */
import type { AppContext } from "../../../api/context";
import { parseListCursor } from "../../../api/http/cursor";
import { isAllowed } from "../../http/allowed";
import type { ApiReply } from "../../http/api-client";
import type { Visit } from "../../http/define-page";
import { PageProblem } from "../../http/page-problem";
import { Pager, StaleWarning, Warning } from "../../view/parts";
import { renderPage } from "../../view/render";
import { Time } from "../../view/time";
import { SCOPE } from "../actions/actions";
import { type BookPage, NEW_PAYMENT, type Payment, TRANSACTIONS } from "../bodies";
import { FilterForm, SearchForm } from "./filter-form";
import { find } from "./find";
import {
  type FilterFaults,
  type Filters,
  isFiltered,
  listAddress,
  readFilters,
  toApiQuery,
  toFaults,
} from "./list-filters";
import { NoMatch, NoPayments, PaymentsTable } from "./payments-table";

const PAGE_SIZE = 25;

export async function listPage(c: AppContext, visit: Visit): Promise<Response> {
  const searched = (c.req.query("find") ?? "").trim();
  const found = searched === "" ? undefined : await find(c, visit.api, searched);
  if (found instanceof Response) return found;
  const filters = readFilters(c);
  const { query, faults } = toApiQuery(filters);
  const cursor = c.req.query("cursor") ?? "";
  const view = { filters, searched, fault: found, cursor };
  if (Object.keys(faults).length > 0) return render(c, visit, { ...view, faults });
  const reply = await visit.api.call<BookPage<Payment>>("GET", TRANSACTIONS, {
    query: { ...query, limit: PAGE_SIZE, cursor },
  });
  if (reply.ok) {
    const until = await findEnd(c, filters, reply.body);
    return render(c, visit, { ...view, page: reply.body, until });
  }
  const refused = toFaults(reply.problem);
  if (Object.keys(refused).length > 0) return render(c, visit, { ...view, faults: refused });
  if (reply.status !== 503) throw new PageProblem(reply.problem);
  return render(c, visit, { ...view, unavailable: reply });
}

/** How far a search has come that has ended before its page was full: the creation time of the last payment that was
 *  examined, which the cursor has. Undefined for every other page. */
async function findEnd(
  c: AppContext,
  { order }: Filters,
  { data, next_cursor }: BookPage<Payment>,
): Promise<string | undefined> {
  if (next_cursor === null || data.length === PAGE_SIZE) return undefined;
  const list = order === "asc" ? "transaction_oldest_first" : "transaction";
  return (await parseListCursor(c, next_cursor, undefined, list)).created_at;
}

type View = {
  filters: Filters;
  searched: string;
  /** Why nothing was found. */
  fault: string | undefined;
  cursor: string;
  faults?: FilterFaults;
  page?: BookPage<Payment>;
  until?: string | undefined;
  unavailable?: ApiReply<never> & { ok: false };
};

function render(c: AppContext, { session }: Visit, view: View): Response {
  const { filters, searched, fault, faults = {}, page, unavailable } = view;
  const isFaulty = Object.keys(faults).length > 0;
  const mayCreate = isAllowed(session, SCOPE);
  const status = isFaulty ? 400 : (unavailable?.status ?? (fault ? 404 : 200));
  return renderPage(
    c,
    session,
    { title: "Payments", status },
    <>
      <div class="page-head">
        <h1>Payments</h1>
        {mayCreate ? (
          <p class="actions">
            <a class="button primary" href={NEW_PAYMENT}>
              New payment
            </a>
          </p>
        ) : null}
      </div>
      <SearchForm entered={searched} fault={fault} />
      <FilterForm filters={filters} faults={faults} />
      {unavailable ? (
        <Warning>
          The list is not available at the moment: {unavailable.problem.detail} Payments continue,
          and each can be found by its id or idempotency key.
        </Warning>
      ) : null}
      {page ? <List c={c} view={view} page={page} mayCreate={mayCreate} /> : null}
    </>,
  );
}

type ListProps = { c: AppContext; view: View; page: BookPage<Payment>; mayCreate: boolean };

function List({ c, view, page, mayCreate }: ListProps) {
  const { filters, cursor, until } = view;
  const first = cursor === "" ? undefined : listAddress(filters);
  const next =
    page.next_cursor === null ? undefined : listAddress(filters, { cursor: page.next_cursor });
  const isEmpty = page.data.length === 0;
  return (
    <>
      <StaleWarning since={page.stale_since} />
      {isEmpty ? null : <PaymentsTable payments={page.data} />}
      {until === undefined ? null : (
        <Searched until={until} count={page.data.length} filters={filters} />
      )}
      {isEmpty && until === undefined ? (
        isFiltered(filters) || cursor !== "" ? (
          <NoMatch isFurther={cursor !== ""} />
        ) : (
          <NoPayments origin={new URL(c.req.url).origin} mayCreate={mayCreate} />
        )
      ) : null}
      <Pager
        first={first}
        next={next}
        nextLabel={until === undefined ? "Next page" : "Continue the search"}
      />
    </>
  );
}

function Searched({ until, count, filters }: { until: string; count: number; filters: Filters }) {
  const direction = filters.order === "asc" ? "up to" : "back to";
  return (
    <p class="notice" role="status">
      {count === 0 ? "No payment matches so far. " : "There may be more. "}
      The search has come {direction} <Time at={until} /> and can be continued. A customer, a status
      or a time makes it shorter.
    </p>
  );
}
