/** Shows a signing secret once, in the direct response to the form that made it. */
import type { AppContext } from "../../api/context";
import type { Visit } from "../http/define-page";
import { renderPage } from "../view/render";
import { SecretOnce } from "../view/secret-once";
import { Time } from "../view/time";
import { endpointPath, WEBHOOKS, WebhookTabs } from "./parts";

/** `id` and `url` of the endpoint; without a URL it is the merchant's default secret. */
type Shown = {
  id: string;
  url?: string;
  secret: string;
  title: string;
  status: number;
  /** Until when earlier secrets sign too; RFC 3339. */
  previousUntil?: string;
};

export function secretPage(c: AppContext, { session }: Visit, shown: Shown): Response {
  const { id, url, secret, title, status, previousUntil } = shown;
  return renderPage(
    c,
    session,
    { title, status, scripts: ["copy"] },
    <>
      <h1>{title}</h1>
      <WebhookTabs session={session} current={WEBHOOKS} />
      <SecretOnce label="Signing secret" secret={secret}>
        <p>
          {url === undefined ? (
            <>
              It signs the webhooks to the <code>webhook_url</code> of payments.
            </>
          ) : (
            <>
              It signs the webhooks to <bdi>{url}</bdi>.
            </>
          )}{" "}
          {previousUntil === undefined ? null : (
            <>
              The previous secret signs too until <Time at={previousUntil} />.
            </>
          )}
        </p>
        <p>
          <a class="button" href={url === undefined ? WEBHOOKS : endpointPath(id)}>
            {url === undefined ? "Back to the endpoints" : "To the endpoint"}
          </a>
        </p>
      </SecretOnce>
    </>,
  );
}
