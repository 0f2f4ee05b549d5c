/** All merchants, newest first. */
import type { AppContext } from "../../api/context";
import type { Visit } from "../http/define-page";
import { PageProblem } from "../http/page-problem";
import { redirect } from "../http/respond-page";
import { TextField } from "../view/fields";
import { Empty, Id, Pager, TableFrame } from "../view/parts";
import { renderPage } from "../view/render";
import { Time } from "../view/time";
import {
  MERCHANTS,
  MERCHANTS_API,
  type MerchantBody,
  type MerchantPage,
  merchantApi,
  merchantPath,
  NEW_MERCHANT,
} from "./parts";

const PAGE_SIZE = 25;
const ID = /^mer_[a-z2-7]{26}$/;

export async function merchantsPage(c: AppContext, { session, api }: Visit): Promise<Response> {
  const id = (c.req.query("id") ?? "").trim();
  if (id !== "") {
    const found = ID.test(id) ? await api.call<MerchantBody>("GET", merchantApi(id)) : undefined;
    if (found?.ok) return redirect(c, merchantPath(id));
    if (found && found.status !== 404) throw new PageProblem(found.problem);
  }
  const cursor = c.req.query("cursor");
  const query = { cursor, limit: PAGE_SIZE };
  const { data, next_cursor } = await api.get<MerchantPage>(MERCHANTS_API, query);
  const next =
    next_cursor === null
      ? undefined
      : `${MERCHANTS}?${new URLSearchParams({ cursor: next_cursor })}`;
  return renderPage(
    c,
    session,
    { title: "Merchants", status: id === "" ? 200 : 404 },
    <>
      <div class="page-head">
        <h1>Merchants</h1>
        <p class="actions">
          <a class="button primary" href={NEW_MERCHANT}>
            Create a merchant
          </a>
        </p>
      </div>
      <search>
        <form method="get" action={MERCHANTS} class="find-merchant">
          <TextField
            name="id"
            label="Find by id"
            placeholder="mer_…"
            value={id}
            fault={id === "" ? undefined : "There is no merchant with this id."}
          />
          <button type="submit">Find</button>
        </form>
      </search>
      {data.length === 0 ? (
        <Empty title="No merchants yet">
          <p>Payments belong to a merchant, whose systems sign in with its API keys.</p>
        </Empty>
      ) : (
        <Merchants merchants={data} />
      )}
      <Pager first={cursor === undefined ? undefined : MERCHANTS} next={next} />
    </>,
  );
}

function Merchants({ merchants }: { merchants: MerchantBody[] }) {
  return (
    <TableFrame label="Merchants">
      <table class="stacked">
        <caption>Newest first</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Id</th>
            <th scope="col">Default currency</th>
            <th scope="col">Created</th>
          </tr>
        </thead>
        <tbody>
          {merchants.map(({ id, name, default_currency, created_at }) => (
            <tr>
              <td data-label="Name" class="break wide">
                <a href={merchantPath(id)}>
                  <bdi>{name}</bdi>
                </a>
              </td>
              <td data-label="Id">
                <Id id={id} />
              </td>
              <td data-label="Currency">{default_currency}</td>
              <td data-label="Created">
                <Time at={created_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
