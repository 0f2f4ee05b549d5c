/** The pages and actions of webhooks. */
import { type Console, defineAction, definePage } from "../http/define-page";
import { deliveriesPage } from "./deliveries-page";
import { redeliver } from "./delivery-actions";
import { deliveryPage } from "./delivery-page";
import {
  changeEndpoint,
  deleteEndpoint,
  deleteEndpointPage,
  recoverDeliveries,
  rotateSecret,
  switchEndpoint,
  testEndpoint,
} from "./endpoint-actions";
import { endpointPage } from "./endpoint-page";
import { endpointsPage } from "./endpoints-page";
import { livePage, liveRows } from "./live-page";
import { CREATE, createEndpoint, newEndpointPage } from "./new-endpoint";
import {
  DELIVERIES,
  deliveryPath,
  endpointPath,
  LIVE,
  LIVE_ROWS,
  NEW_ENDPOINT,
  WEBHOOKS,
} from "./parts";

const ENDPOINT = endpointPath(":id");
const DELIVERY = deliveryPath(":id");

export function webhookPages(app: Console): void {
  definePage(app, WEBHOOKS, "webhooks:read", endpointsPage);
  definePage(app, NEW_ENDPOINT, "webhooks:write", newEndpointPage);
  defineAction(app, CREATE, "webhooks:write", createEndpoint);
  definePage(app, ENDPOINT, "webhooks:read", endpointPage);
  defineAction(app, ENDPOINT, "webhooks:write", changeEndpoint);
  defineAction(app, `${ENDPOINT}/enable`, "webhooks:write", switchEndpoint(true));
  defineAction(app, `${ENDPOINT}/disable`, "webhooks:write", switchEndpoint(false));
  defineAction(app, `${ENDPOINT}/test`, "webhooks:write", testEndpoint);
  defineAction(app, `${ENDPOINT}/recover`, "webhooks:write", recoverDeliveries);
  definePage(app, `${ENDPOINT}/delete`, "webhooks:write", deleteEndpointPage);
  defineAction(app, `${ENDPOINT}/delete`, "webhooks:write", deleteEndpoint);
  defineAction(app, `${WEBHOOKS}/secrets/:id/rotate`, "webhooks:write", rotateSecret);
  definePage(app, LIVE, "transactions:read", livePage);
  definePage(app, LIVE_ROWS, "transactions:read", liveRows);
  definePage(app, DELIVERIES, "webhooks:read", deliveriesPage);
  definePage(app, DELIVERY, "webhooks:read", deliveryPage);
  defineAction(app, `${DELIVERY}/redeliver`, "webhooks:write", redeliver);
}
