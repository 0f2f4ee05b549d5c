/** Renders a page: the document, the navigation, and a notice about the action that led there. */
import type { Child } from "hono/jsx";
import type { AppContext } from "../../api/context";
import type { Session } from "../access/session";
import { htmlResponse } from "../http/respond-page";
import { Document } from "./document";
import { Navigation } from "./navigation";
import { findNotice } from "./notices";

type Page = {
  title: string;
  status?: number;
  /** Scripts of the page beside the console's own: names in `browser/`, without their extension. */
  scripts?: readonly string[];
};

/** A page for a signed-in visitor. */
export function renderPage(
  c: AppContext,
  session: Session,
  { title, status = 200, scripts = [] }: Page,
  content: Child,
): Response {
  const notice = findNotice(c.req.query("notice"));
  return htmlResponse(
    c,
    status,
    toText(
      <Document title={title} scripts={scripts}>
        <Navigation session={session} path={c.req.path} mode={c.get("config").processor.kind} />
        <main id="main" tabindex={-1}>
          {notice ? (
            <p class="notice done" role="status">
              {notice}
            </p>
          ) : null}
          {content}
        </main>
      </Document>,
    ),
  );
}

/** A page without navigation, for visitors without a session. */
export function renderBare(c: AppContext, { title, status = 200 }: Page, content: Child): Response {
  const document = (
    <Document title={title} scripts={[]} bare>
      <main id="main" tabindex={-1}>
        {content}
      </main>
    </Document>
  );
  return htmlResponse(c, status, toText(document));
}

/** Components are synchronous, so their text is there at once. */
const toText = (document: unknown): string => `<!doctype html>${String(document)}`;
