/** The operator's pages of merchants and their API keys. */
import { type Console, defineAction, definePage } from "../http/define-page";
import { createKey, revokeKey, revokeKeyPage, rollKey } from "./key-actions";
import { keyPage } from "./key-page";
import { merchantsPage } from "./list-page";
import { merchantPage } from "./merchant-page";
import { createMerchant, newMerchantPage } from "./new-merchant";
import { keyPath, MERCHANTS, merchantPath, NEW_MERCHANT } from "./parts";

const MERCHANT = merchantPath(":id");
const KEY = keyPath(":id", ":key_id");

export function merchantPages(app: Console): void {
  definePage(app, MERCHANTS, "admin", merchantsPage);
  definePage(app, NEW_MERCHANT, "admin", newMerchantPage);
  defineAction(app, MERCHANTS, "admin", createMerchant);
  definePage(app, MERCHANT, "admin", merchantPage);
  defineAction(app, `${MERCHANT}/keys`, "admin", createKey);
  definePage(app, KEY, "admin", keyPage);
  defineAction(app, `${KEY}/roll`, "admin", rollKey);
  definePage(app, `${KEY}/revoke`, "admin", revokeKeyPage);
  defineAction(app, `${KEY}/revoke`, "admin", revokeKey);
}
