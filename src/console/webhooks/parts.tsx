/** What several pages of webhooks share: their addresses, tabs, and how an endpoint and a delivery are shown. */
import type { z } from "zod";
import type { Delivery, Endpoint } from "../../api/webhooks/schemas";
import type { Session } from "../access/session";
import { isAllowed } from "../http/allowed";
import { Status } from "../view/parts";
import { type Tab, Tabs } from "../view/tabs";
import { Time } from "../view/time";

export type EndpointBody = z.infer<typeof Endpoint>;
export type DeliveryBody = z.infer<typeof Delivery>;

export const WEBHOOKS = "/console/webhooks";
export const NEW_ENDPOINT = "/console/webhooks/new";
export const DELIVERIES = "/console/webhooks/deliveries";

export const LIVE = "/console/webhooks/live";
export const LIVE_ROWS = "/console/webhooks/live/rows";

export const endpointPath = (id: string): string => `${WEBHOOKS}/endpoints/${id}`;
export const deliveryPath = (id: string): string => `${DELIVERIES}/${id}`;
export const paymentPath = (id: string): string => `/console/payments/${id}`;

type Current = typeof WEBHOOKS | typeof DELIVERIES | typeof LIVE;

/** The tabs that the session may open. */
export function WebhookTabs({ session, current }: { session: Session; current: Current }) {
  const tabs: Tab[] = [];
  if (isAllowed(session, "webhooks:read")) {
    tabs.push({ path: WEBHOOKS, label: "Endpoints" }, { path: DELIVERIES, label: "Deliveries" });
  }
  if (isAllowed(session, "transactions:read")) tabs.push({ path: LIVE, label: "Live events" });
  return <Tabs label="Webhooks" tabs={tabs} current={current} />;
}

/** Which events an endpoint receives, in a few words. */
export function eventsText(events: readonly string[]): string {
  if (events.includes("*")) return "All events";
  const [first = "", ...others] = events;
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

const REASONS = {
  gone: "The receiver responded with 410 Gone.",
  failing: "It had failed for three days without a success.",
};

/** Why an endpoint is disabled, or since when it fails. */
export function Health({ endpoint }: { endpoint: EndpointBody }) {
  const { enabled, disabled_reason, failing_since } = endpoint;
  if (!enabled) {
    return (
      <>
        {disabled_reason
          ? `Disabled automatically: ${REASONS[disabled_reason]}`
          : "Disabled by hand."}
      </>
    );
  }
  if (failing_since === null) return <>No failures</>;
  return (
    <>
      Failing since <Time at={failing_since} />
    </>
  );
}

/** Enabled, failing or disabled. */
export function EndpointStatus({ endpoint }: { endpoint: EndpointBody }) {
  if (!endpoint.enabled) return <Status status="disabled" />;
  return <Status status={endpoint.failing_since === null ? "enabled" : "failing"} />;
}

/** How the last attempt of a delivery ended, in a few words. */
export function lastResult({ attempts }: DeliveryBody): string {
  const last = attempts.at(-1);
  return last ? resultText(last) : "not attempted yet";
}

/** @param attempt `error` is a code of the API */
export function resultText({ error, status_code }: DeliveryBody["attempts"][number]): string {
  const status = status_code === null ? "" : `HTTP ${status_code}`;
  if (error === null || error === "http_status") return status || "delivered";
  const words = error.replaceAll("_", " ");
  return status ? `${words}, ${status}` : words;
}
