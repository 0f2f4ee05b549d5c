/** The delivery log, with every filter of the API. */
import type { z } from "zod";
import type { AppContext } from "../../api/context";
import type { DeliveryList, EndpointList } from "../../api/webhooks/schemas";
import { DELIVERY_STATUSES, TEST_TYPE, WEBHOOK_TYPES } from "../../domain/webhook/webhook";
import type { Visit } from "../http/define-page";
import { PageProblem } from "../http/page-problem";
import { type RefusedForm, toRefusedForm } from "../http/refused-form";
import { FormFault, SelectField, TextField } from "../view/fields";
import { Empty, Pager } from "../view/parts";
import { renderPage } from "../view/render";
import { DeliveryTable } from "./delivery-table";
import { DELIVERIES, type EndpointBody, WebhookTabs } from "./parts";

const FILTERS = ["endpoint_id", "status", "event_type", "transaction_id"] as const;
type Filter = Partial<Record<(typeof FILTERS)[number], string>>;
const PAGE_SIZE = 25;
const ANY = { value: "", label: "Any" };

export async function deliveriesPage(c: AppContext, { session, api }: Visit): Promise<Response> {
  const filter = readFilter(c);
  const cursor = c.req.query("cursor");
  const query = { ...filter, cursor, limit: PAGE_SIZE };
  const [endpoints, reply] = await Promise.all([
    api.get<z.infer<typeof EndpointList>>("/api/v1/webhook-endpoints"),
    api.call<z.infer<typeof DeliveryList>>("GET", "/api/v1/webhook-deliveries", { query }),
  ]);
  if (!reply.ok && reply.status !== 400) throw new PageProblem(reply.problem);
  const refused = reply.ok ? undefined : toRefusedForm(reply.problem);
  return renderPage(
    c,
    session,
    { title: "Webhook deliveries", status: reply.status },
    <>
      <h1>Webhook deliveries</h1>
      <WebhookTabs session={session} current={DELIVERIES} />
      <FilterForm filter={filter} endpoints={endpoints.data} refused={refused} />
      {reply.ok ? <Page page={reply.body} filter={filter} isFirst={cursor === undefined} /> : null}
    </>,
  );
}

function readFilter(c: AppContext): Filter {
  const given = FILTERS.map((name) => [name, (c.req.query(name) ?? "").trim()] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}

type FormProps = { filter: Filter; endpoints: EndpointBody[]; refused: RefusedForm | undefined };

function FilterForm({ filter, endpoints, refused }: FormProps) {
  const types = [...WEBHOOK_TYPES, TEST_TYPE].map((value) => ({ value, label: value }));
  const known = endpoints.map(({ id, url }) => ({ value: id, label: shorten(url) }));
  const { endpoint_id = "" } = filter;
  const isKnown = endpoint_id === "" || endpoints.some(({ id }) => id === endpoint_id);
  const faults = refused?.fields ?? {};
  return (
    <form method="get" action={DELIVERIES} class="card filter" aria-label="Filter">
      <FormFault refused={refused} />
      <div class="fields">
        <SelectField
          name="endpoint_id"
          label="Endpoint"
          options={[
            ANY,
            ...known,
            ...(isKnown ? [] : [{ value: endpoint_id, label: endpoint_id }]),
          ]}
          value={endpoint_id}
          fault={faults.endpoint_id}
        />
        <SelectField
          name="status"
          label="Status"
          options={[ANY, ...DELIVERY_STATUSES.map((value) => ({ value, label: value }))]}
          value={filter.status}
          fault={faults.status}
        />
        <SelectField
          name="event_type"
          label="Event type"
          options={[ANY, ...types]}
          value={filter.event_type}
          fault={faults.event_type}
        />
        <TextField
          name="transaction_id"
          label="Payment"
          value={filter.transaction_id}
          placeholder="txn_…"
          fault={faults.transaction_id}
        />
        <div class="actions">
          <button type="submit">Filter</button>
          {Object.keys(filter).length > 0 ? (
            <a class="button quiet" href={DELIVERIES}>
              Clear
            </a>
          ) : null}
        </div>
      </div>
    </form>
  );
}

const MAX_LABEL = 60;
const shorten = (url: string) => (url.length > MAX_LABEL ? `${url.slice(0, MAX_LABEL)}…` : url);

type PageProps = { page: z.infer<typeof DeliveryList>; filter: Filter; isFirst: boolean };

function Page({ page, filter, isFirst }: PageProps) {
  const query = new URLSearchParams(filter);
  const isFiltered = query.size > 0;
  const first = isFirst ? undefined : `${DELIVERIES}${isFiltered ? `?${query}` : ""}`;
  if (page.next_cursor !== null) query.set("cursor", page.next_cursor);
  const next = page.next_cursor === null ? undefined : `${DELIVERIES}?${query}`;
  return (
    <>
      {page.data.length > 0 ? (
        <DeliveryTable
          deliveries={page.data}
          caption="Newest first. Finished ones are kept for 30 days."
        />
      ) : page.has_more ? (
        <Empty title="None among the last thousand">
          <p>A page examines 1,000 deliveries at most. Older ones are on the next page.</p>
        </Empty>
      ) : isFiltered ? (
        <Empty title="No delivery matches">
          <p>Finished deliveries are kept for 30 days. Change the filter to see others.</p>
        </Empty>
      ) : (
        <Empty title="No deliveries yet">
          <p>
            Each event that is sent to an endpoint is a delivery. They appear here as soon as a
            payment changes, or when an endpoint is sent a test event.
          </p>
        </Empty>
      )}
      <Pager first={first} next={next} />
    </>
  );
}
