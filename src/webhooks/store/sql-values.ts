/** The values that statements compare columns with, as SQL literals. */
import type { DeliveryStatus } from "../../domain/webhook/webhook";
import { sqlLiteral } from "../../runtime/sql-literal";

/** An endpoint that a merchant registered, or the origin of the URLs that transactions name themselves. */
export type EndpointKind = "endpoint" | "origin";

/** Statuses of deliveries. */
export const PENDING = sqlLiteral<DeliveryStatus>("pending");
export const DEAD = sqlLiteral<DeliveryStatus>("dead");
/** Kinds of endpoints. */
export const ENDPOINT = sqlLiteral<EndpointKind>("endpoint");
export const ORIGIN_KIND = sqlLiteral<EndpointKind>("origin");
