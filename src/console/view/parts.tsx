/** Small parts that several pages use. */
import type { Child } from "hono/jsx";
import type { Session } from "../access/session";
import { CSRF_FIELD } from "../http/form";
import { Time } from "./time";

/** A form of an action. */
export function ActionForm({
  session,
  action,
  children,
  class: className = "",
  id,
}: {
  session: Session;
  action: string;
  children?: Child;
  class?: string;
  id?: string;
}) {
  return (
    <form method="post" action={action} class={className} id={id}>
      <input type="hidden" name={CSRF_FIELD} value={session.csrf} />
      {children}
    </form>
  );
}

/** How a status looks: going well, waiting, gone wrong, or neither. */
const TONES: Record<string, "good" | "wait" | "bad" | "plain"> = {
  approve: "good",
  approved: "good",
  completed: "good",
  succeeded: "good",
  delivered: "good",
  won: "good",
  enabled: "good",
  active: "good",
  expiring: "wait",
  ok: "good",
  ready: "good",
  authorized: "wait",
  open: "wait",
  failing: "wait",
  pending: "wait",
  processing: "wait",
  requires_action: "wait",
  review: "wait",
  degraded: "wait",
  sandbox: "wait",
  test: "wait",
  block: "bad",
  rejected: "bad",
  failed: "bad",
  dead: "bad",
  lost: "bad",
  disabled: "bad",
  hanging: "bad",
  unready: "bad",
  changed: "bad",
  not_configured: "bad",
  cancelled: "plain",
};

/** A status as a word on a coloured ground; the word alone is enough to read it. */
export function Status({ status }: { status: string }) {
  return <span class={`status ${TONES[status] ?? "plain"}`}>{status.replaceAll("_", " ")}</span>;
}

/** An id that breaks anywhere rather than widening the page. */
export function Id({ id, href }: { id: string; href?: string }) {
  return href === undefined ? (
    <code class="id">{id}</code>
  ) : (
    <a class="id" href={href}>
      {id}
    </a>
  );
}

/** What a list shows when it has nothing. */
export function Empty({ title, children }: { title: string; children?: Child }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** A warning above the content of a page. */
export function Warning({ children }: { children?: Child }) {
  return (
    <p class="notice warning" role="alert">
      {children}
    </p>
  );
}

/** Says how old a list from D1 may be. @param since `stale_since` of the list; null when it has every change */
export function StaleWarning({ since }: { since: string | null }) {
  if (since === null) return null;
  const isUnknown = since.startsWith("1970-");
  return (
    <Warning>
      The database does not have the newest changes
      {isUnknown ? "" : " since "}
      {isUnknown ? null : <Time at={since} />}: payments may be missing here, or have another
      status. A payment's own page is current.
    </Warning>
  );
}

/** A table that scrolls sideways on its own, reachable by keyboard, so that a narrow page does not. */
export function TableFrame({ label, children }: { label: string; children?: Child }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for the fields of a form.
    <div class="table-frame" role="group" aria-label={label} tabindex={0}>
      {children}
    </div>
  );
}

/** Leads to the next page of a list, and back to its begin. Each address has the list's filters. */
export function Pager({
  first,
  next,
  nextLabel = "Next page",
}: {
  first: string | undefined;
  next: string | undefined;
  nextLabel?: string;
}) {
  if (first === undefined && next === undefined) return null;
  return (
    <nav class="pager" aria-label="Pages">
      {first === undefined ? null : (
        <a class="button" href={first}>
          Back to the first page
        </a>
      )}
      {next === undefined ? null : (
        <a class="button" href={next} rel="next">
          {nextLabel}
        </a>
      )}
    </nav>
  );
}
