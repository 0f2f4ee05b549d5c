/** What several pages of merchants share. */
import type { z } from "zod";
import type { ApiKeyList, Merchant, MerchantList } from "../../api/merchants/schemas";

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
