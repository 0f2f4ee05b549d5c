/** Who may open a page or do an action. */
import type { Scope } from "../../domain/identity/api-key";
import type { Session } from "../access/session";

/** A key with a scope, the admin token, or every session. */
export type Allowed = Scope | "admin" | "everyone";

export const SIGN_IN = "/console/sign-in";
export const SIGN_OUT = "/console/sign-out";

/** Whether a session may open a page or do an action. What it may not do is not shown, and refused. */
export function isAllowed({ principal, holder }: Session, allowed: Allowed): boolean {
  if (allowed === "everyone") return true;
  if (allowed === "admin") return principal.kind === "admin";
  return holder?.scopes.includes(allowed) ?? false;
}
