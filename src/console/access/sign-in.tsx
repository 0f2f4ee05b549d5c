/** Signing in and out. */
import type { AppContext } from "../../api/context";
import { Problem } from "../../api/http/problem";
import { verifyCredential } from "../../api/middleware/authenticate";
import { SIGN_IN, SIGN_OUT } from "../http/allowed";
import { type Console, defineAction } from "../http/define-page";
import { readForm } from "../http/form";
import { toShownProblem } from "../http/page-problem";
import { redirect } from "../http/respond-page";
import { findNotice, withNotice } from "../view/notices";
import { renderBare } from "../view/render";
import { closeSession, findCurrentSession, openSession } from "./session";

/** Longer than every key and token that is worth having. */
const MAX_CREDENTIAL_CHARACTERS = 512;

export function signInRoutes(app: Console): void {
  app.get(SIGN_IN, async (c) => {
    const session = await findCurrentSession(c);
    if (session && session !== "ended") return redirect(c, toOwnPath(c.req.query("next")));
    return signInPage(c, { next: toOwnPath(c.req.query("next")) });
  });

  app.post(SIGN_IN, async (c) => {
    const form = await readForm(c);
    const next = toOwnPath(form.get("next"));
    const credential = form.get("credential").slice(0, MAX_CREDENTIAL_CHARACTERS);
    if (credential === "") return signInPage(c, { next, fault: "Enter an API key." });
    try {
      await openSession(c, await verifyCredential(c, credential));
    } catch (fault) {
      const shown = fault instanceof Problem ? toShownProblem(fault) : undefined;
      if (!shown || !(fault instanceof Problem)) throw fault;
      c.set("outcome", fault.code);
      if (shown.retry_after !== undefined) c.set("retry_after", shown.retry_after);
      const isWrong = shown.status === 401;
      const text = isWrong ? "This is neither a valid API key nor the admin token." : shown.detail;
      return signInPage(c, { next, fault: text, status: shown.status });
    }
    return redirect(c, next);
  });

  defineAction(app, SIGN_OUT, "everyone", async (c, { session }, form) => {
    const scope = form.get("sessions") === "all" ? "all" : "this";
    const isStored = await closeSession(c, session, scope);
    const notice = scope === "this" || isStored ? "signed_out" : "signed_out_of_this_browser";
    return redirect(c, withNotice(SIGN_IN, notice));
  });
}

/** An address of the console, of characters that browsers leave as they are in paths and queries. */
const OWN_PATH = /^\/console[/?][\w/?&=%.:[\]~!$()*+,;@-]*$/;

/** A path of the console to lead to; the overview for everything else. */
function toOwnPath(path: string | undefined): string {
  return path !== undefined && OWN_PATH.test(path) ? path : "/console";
}

type State = { next: string; fault?: string; status?: number };

function signInPage(c: AppContext, { next, fault, status = fault ? 400 : 200 }: State): Response {
  const hasEnded = c.req.query("ended") !== undefined;
  const notice = hasEnded
    ? "The session has ended: eight hours have passed, or its key is no longer valid."
    : findNotice(c.req.query("notice"));
  return renderBare(
    c,
    { title: "Sign in", status },
    <div class="sign-in">
      <h1>
        <span class="mark" aria-hidden="true" /> Payments
      </h1>
      {notice && !fault ? (
        <p class="notice" role="status">
          {notice}
        </p>
      ) : null}
      <form method="post" action={SIGN_IN}>
        <input type="hidden" name="next" value={next} />
        <label for="credential">API key or admin token</label>
        <input
          id="credential"
          name="credential"
          type="password"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          required
          autofocus
          aria-invalid={fault ? "true" : undefined}
          aria-describedby={fault ? "fault" : "hint"}
        />
        {fault ? (
          <p id="fault" class="fault" role="alert">
            {fault}
          </p>
        ) : null}
        <button type="submit" class="primary">
          Sign in
        </button>
        <p id="hint" class="muted">
          With an API key you see its merchant, and may do what the key's scopes allow. The key
          itself is not stored in the browser.
        </p>
      </form>
    </div>,
  );
}
