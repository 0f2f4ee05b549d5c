/** The versions of the rules. */
import type { z } from "@hono/zod-openapi";
import type { AppContext } from "../../../api/context";
import type { RuleSetVersionList } from "../../../api/risk/schemas/rule-set";
import type { Visit } from "../../http/define-page";
import { Pager, TableFrame } from "../../view/parts";
import { renderPage } from "../../view/render";
import { Time } from "../../view/time";
import { RiskTabs, RULES_API, VERSIONS, versionPath } from "../parts";

const PAGE_ITEMS = 50;

export async function versionsPage(c: AppContext, { session, api }: Visit): Promise<Response> {
  const cursor = c.req.query("cursor");
  const list = await api.get<z.infer<typeof RuleSetVersionList>>(`${RULES_API}/versions`, {
    limit: PAGE_ITEMS,
    cursor,
  });
  const { data, next_cursor } = list;
  const current = cursor === undefined ? (data[0]?.version ?? 0) : undefined;
  return renderPage(
    c,
    session,
    { title: "Versions of the rules" },
    <>
      <h1>Versions of the rules</h1>
      <RiskTabs current={VERSIONS} />
      <p class="muted">
        Every payment names the version that decided it. The last 1,000 versions are kept.
      </p>
      <TableFrame label="Versions, newest first">
        <table>
          <caption>Newest first</caption>
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Saved</th>
            </tr>
          </thead>
          <tbody>
            {data.map(({ version, created_at }) => (
              <tr>
                <th scope="row">
                  <VersionLink version={version} isCurrent={version === current} />
                </th>
                <td>
                  <Time at={created_at} />
                </td>
              </tr>
            ))}
            {next_cursor === null ? (
              <tr>
                <th scope="row">
                  <VersionLink version={0} isCurrent={current === 0} />
                </th>
                <td>the default of this deployment</td>
              </tr>
            ) : null}
          </tbody>
        </table>
      </TableFrame>
      <Pager
        first={cursor === undefined ? undefined : VERSIONS}
        next={next_cursor ? `${VERSIONS}?cursor=${encodeURIComponent(next_cursor)}` : undefined}
      />
    </>,
  );
}

function VersionLink({ version, isCurrent }: { version: number; isCurrent: boolean }) {
  return (
    <>
      <a href={versionPath(version)}>Version {version}</a>{" "}
      {isCurrent ? <span class="status good">in force</span> : null}
    </>
  );
}
