/** Makes the create of a form happen once. */
import { formatHex } from "../../domain/text/hex";
import type { Form } from "../http/form";

const TOKEN_FIELD = "once";
const TOKEN_BYTES = 16;

/** The token is the create's idempotency key, so a form that is sent twice creates
 *  one thing. A form that is shown again after a refusal keeps its token. */
export function OnceField({ token = newToken() }: { token?: string | undefined }) {
  return <input type="hidden" name={TOKEN_FIELD} value={token} />;
}

export function readToken(form: Form): string | undefined {
  const token = form.get(TOKEN_FIELD);
  return /^[0-9a-f]{32}$/.test(token) ? token : undefined;
}

/** The header field of a create. A form without a token is not sent. */
export function onceHeaders(form: Form): Record<string, string> {
  return { "Idempotency-Key": readToken(form) ?? newToken() };
}

function newToken(): string {
  return formatHex(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)));
}
