/** The page that is shown for a problem. */
import type { AppContext } from "../../api/context";
import { findCurrentSession } from "../access/session";
import { ProblemView } from "../view/problem-view";
import { renderBare, renderPage } from "../view/render";
import type { ShownProblem } from "./page-problem";

/** With the console's navigation, if the session can be verified. */
export async function problemPage(c: AppContext, shown: ShownProblem): Promise<Response> {
  const { status, title } = shown;
  const session = await findCurrentSession(c).catch(() => undefined);
  if (!session || session === "ended") return bareProblemPage(c, shown);
  return renderPage(c, session, { title, status }, view(c, shown));
}

/** Without navigation. */
export function bareProblemPage(c: AppContext, shown: ShownProblem): Response {
  return renderBare(c, { title: shown.title, status: shown.status }, view(c, shown));
}

function view(c: AppContext, shown: ShownProblem) {
  return <ProblemView shown={shown} requestId={c.get("request_id")} />;
}
