/** How the merchant's webhook endpoints are doing. */
import type { z } from "@hono/zod-openapi";
import type { EndpointList } from "../../api/webhooks/schemas";
import type { ApiClient } from "../http/api-client";
import { PageProblem } from "../http/page-problem";
import {
  type EndpointBody,
  EndpointStatus,
  endpointPath,
  Health,
  WEBHOOKS,
} from "../webhooks/parts";

/** @returns undefined if the merchant's dispatcher does not respond @throws PageProblem */
export async function readEndpoints(api: ApiClient): Promise<EndpointBody[] | undefined> {
  const path = "/api/v1/webhook-endpoints";
  const reply = await api.call<z.infer<typeof EndpointList>>("GET", path);
  if (!reply.ok && reply.status !== 503) throw new PageProblem(reply.problem);
  return reply.ok ? reply.body.data : undefined;
}

export function WebhookCard({ endpoints }: { endpoints: EndpointBody[] | undefined }) {
  return (
    <section class="card" aria-labelledby="webhook-health">
      <div class="chart-head">
        <h2 id="webhook-health">Webhooks</h2>
        <a href={WEBHOOKS}>Open the endpoints</a>
      </div>
      {endpoints ? (
        <Endpoints endpoints={endpoints} />
      ) : (
        <p class="muted">The endpoints cannot be read at the moment. Payments continue.</p>
      )}
    </section>
  );
}

function Endpoints({ endpoints }: { endpoints: EndpointBody[] }) {
  if (endpoints.length === 0) return <p class="muted">No endpoint receives events.</p>;
  return (
    <ul class="endpoints">
      {endpoints.map((endpoint) => (
        <li>
          <a href={endpointPath(endpoint.id)} title={endpoint.url}>
            <bdi>{endpoint.url}</bdi>
          </a>
          <EndpointStatus endpoint={endpoint} />
          <span class="muted">
            <Health endpoint={endpoint} />
          </span>
        </li>
      ))}
    </ul>
  );
}
