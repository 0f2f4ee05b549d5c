/** The overview, the first page after the sign-in. */
import { type Console, definePage } from "../http/define-page";
import { renderPage } from "../view/render";

export function overviewPage(app: Console): void {
  definePage(app, "/console", "everyone", (c, { session }) =>
    renderPage(c, session, { title: "Overview" }, <h1>Overview</h1>),
  );
}
