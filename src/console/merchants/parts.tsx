/** What several pages of merchants share. */
import type { z } from "zod";
import type { ApiKeyList, Merchant, MerchantList } from "../../api/merchants/schemas";
import { formatHex } from "../../domain/text/hex";
import type { Form } from "../http/form";

export type MerchantBody = z.infer<typeof Merchant>;
export type MerchantPage = z.infer<typeof MerchantList>;
export type ApiKeyBody = z.infer<typeof ApiKeyList>["data"][number];

export const MERCHANTS = "/console/merchants";
export const NEW_MERCHANT = "/console/merchants/new";
export const MERCHANTS_API = "/api/v1/merchants";

export const merchantPath = (id: string): string => `${MERCHANTS}/${id}`;
export const keyPath = (merchantId: string, keyId: string): string =>
  `${merchantPath(merchantId)}/keys/${keyId}`;

/** The address of one merchant in the API. @param id as an address of the console has it */
export const merchantApi = (id: string): string => `${MERCHANTS_API}/${encodeURIComponent(id)}`;

const TOKEN_FIELD = "once";
const TOKEN_BYTES = 16;

/** Makes a form's create happen once: the token is the create's idempotency key, so a form that is sent twice creates
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
