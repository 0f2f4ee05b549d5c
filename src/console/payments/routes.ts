/** The pages about payments. */
import { type Console, definePage } from "../http/define-page";
import { actionPages } from "./actions/action-routes";
import { PAYMENTS } from "./bodies";
import { createPages } from "./create/create-routes";
import { listPage } from "./list/list-page";
import { paymentPage } from "./show/payment-page";

export function paymentPages(app: Console): void {
  definePage(app, PAYMENTS, "transactions:read", listPage);
  createPages(app);
  definePage(app, `${PAYMENTS}/:id`, "transactions:read", paymentPage);
  actionPages(app);
}
