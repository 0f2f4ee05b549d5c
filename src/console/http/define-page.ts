/** Declares a page or an action of the console: who may open it, and its handler. */
import type { Hono } from "hono";
import type { AppContext, AppEnv } from "../../api/context";
import { findCurrentSession, type Session } from "../access/session";
import { withNotice } from "../view/notices";
import { type Allowed, isAllowed, SIGN_IN } from "./allowed";
import { ApiClient } from "./api-client";
import { type Form, readForm, requireCsrf } from "./form";
import { PageProblem } from "./page-problem";
import { redirect } from "./respond-page";

export type Console = Hono<AppEnv>;

/** A request by a signed-in browser. */
export type Visit = { session: Session; api: ApiClient };

/** Adds a page. Without a session it leads to the sign-in, which leads back. */
export function definePage(
  app: Console,
  path: string,
  allowed: Allowed,
  handle: (c: AppContext, visit: Visit) => Response | Promise<Response>,
): void {
  app.get(path, async (c) => {
    const visit = await findVisit(c);
    if (!("session" in visit)) return visit.signIn;
    requireAllowed(visit.session, allowed);
    return handle(c, visit);
  });
}

/** Adds an action: a form that a page of this session has sent. */
export function defineAction(
  app: Console,
  path: string,
  allowed: Allowed,
  handle: (c: AppContext, visit: Visit, form: Form) => Response | Promise<Response>,
): void {
  app.post(path, async (c) => {
    const form = await readForm(c);
    const visit = await findVisit(c);
    if (!("session" in visit)) return visit.signIn;
    requireCsrf(form, visit.session);
    requireAllowed(visit.session, allowed);
    return handle(c, visit, form);
  });
}

async function findVisit(c: AppContext): Promise<Visit | { signIn: Response }> {
  const session = await findCurrentSession(c);
  if (session === undefined || session === "ended") {
    return { signIn: redirect(c, signInAddress(c, session === "ended")) };
  }
  const { holder, principal } = session;
  if (holder) {
    c.set("merchant_id", holder.merchant_id);
    c.set("book", holder.book);
  }
  return { session, api: new ApiClient(c, principal) };
}

/** Leads back to the page after the sign-in; not to an action, which is never repeated: it says that nothing was done. */
function signInAddress(c: AppContext, hasEnded: boolean): string {
  if (c.req.method === "POST") return withNotice(SIGN_IN, "signed_out_before_action");
  const { pathname, search } = new URL(c.req.url);
  const query = new URLSearchParams();
  if (hasEnded) query.set("ended", "1");
  const path = pathname + search;
  if (path !== "/console") query.set("next", path);
  return query.size > 0 ? `${SIGN_IN}?${query}` : SIGN_IN;
}

function requireAllowed(session: Session, allowed: Allowed): void {
  if (isAllowed(session, allowed)) return;
  const detail =
    allowed === "admin"
      ? "This page is for the operator. Sign in with the admin token."
      : session.principal.kind === "admin"
        ? "This page shows one merchant. Sign in with an API key of the merchant."
        : `The API key of this session does not have the scope ${allowed}.`;
  throw new PageProblem({ status: 403, title: "Not allowed", detail, code: "scope_missing" });
}
