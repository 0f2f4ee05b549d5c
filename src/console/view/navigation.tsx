/** The console's header: its parts that the session may open, and who is signed in. */
import type { Config } from "../../config";
import type { Session } from "../access/session";
import { type Allowed, isAllowed, SIGN_OUT } from "../http/allowed";
import { CSRF_FIELD } from "../http/form";
import { Time } from "./time";

type Part = { path: string; label: string; allowed: Allowed };

/** In the order in which they are shown. */
const PARTS: Part[] = [
  { path: "/console", label: "Overview", allowed: "everyone" },
  { path: "/console/payments", label: "Payments", allowed: "transactions:read" },
  { path: "/console/reviews", label: "Reviews", allowed: "transactions:read" },
  { path: "/console/risk", label: "Risk", allowed: "risk:read" },
  { path: "/console/webhooks", label: "Webhooks", allowed: "webhooks:read" },
  { path: "/console/merchants", label: "Merchants", allowed: "admin" },
];

/** A word, and what it means, for which a phone has no room. */
const MODES: Partial<Record<Config["processor"]["kind"], [string, string]>> = {
  sandbox: ["Sandbox", ": no money moves"],
  none: ["No processor", ": charges are refused"],
};

type Props = { session: Session; path: string; mode: Config["processor"]["kind"] };

export function Navigation({ session, path, mode }: Props) {
  const shownMode = MODES[mode];
  return (
    <header class="top">
      <div class="bar">
        <a class="brand" href="/console">
          <span class="mark" aria-hidden="true" />
          Payments
        </a>
        {shownMode ? (
          <span class="mode">
            {shownMode[0]}
            <span class="meaning">{shownMode[1]}</span>
          </span>
        ) : null}
        <Account session={session} />
      </div>
      <nav aria-label="Console">
        <ul>
          {PARTS.filter(({ allowed }) => isAllowed(session, allowed)).map((part) => (
            <li>
              <a href={part.path} aria-current={isCurrent(part.path, path) ? "page" : undefined}>
                {part.label}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </header>
  );
}

function isCurrent(part: string, path: string): boolean {
  if (part === "/console") return path === part || path === `${part}/`;
  return path === part || path.startsWith(`${part}/`);
}

function Account({ session }: { session: Session }) {
  const { holder } = session;
  return (
    <details class="account">
      <summary>{holder ? holder.merchant_name : "Operator"}</summary>
      <div class="panel">
        <dl>
          {holder ? (
            <>
              <dt>Merchant</dt>
              <dd>
                <code>{holder.merchant_id}</code>
              </dd>
              <dt>Scopes</dt>
              <dd>{holder.scopes.join(", ")}</dd>
            </>
          ) : (
            <>
              <dt>Signed in with</dt>
              <dd>the admin token</dd>
            </>
          )}
          <dt>Session ends</dt>
          <dd>
            <Time at={new Date(session.expires_at_ms).toISOString()} />
          </dd>
        </dl>
        <form method="post" action={SIGN_OUT} class="actions">
          <input type="hidden" name={CSRF_FIELD} value={session.csrf} />
          <button type="submit" name="sessions" value="this">
            Sign out
          </button>
          <button type="submit" name="sessions" value="all" class="quiet">
            End all sessions of this key
          </button>
        </form>
      </div>
    </details>
  );
}
