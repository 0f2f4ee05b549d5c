/** The client of merchants' webhook dispatchers. */
import type { EventRecord } from "../domain/transaction/event";
import { matchesFilter, readWebhookUrl } from "../domain/webhook/webhook";
import type { Env } from "../env";
import { callObject, type ObjectStub, objectStub } from "../runtime/object-stub";
import type { AttemptReport, WebhookDispatcherRpc } from "./rpc";

type Bindings = Pick<Env, "WEBHOOKS">;

/** A merchant's dispatcher. */
export function webhookDispatcher(
  env: Bindings,
  merchantId: string,
): ObjectStub<WebhookDispatcherRpc> {
  return objectStub(env.WEBHOOKS, merchantId);
}

/** Hands a merchant's events over to its dispatcher. Reads first which types it subscribes to, because most merchants
 *  subscribe to few and an event is a kilobyte. @returns whether there is anything that it sends webhooks to */
export async function handOverEvents(
  env: Bindings,
  merchantId: string,
  events: EventRecord[],
): Promise<boolean> {
  const dispatcher = webhookDispatcher(env, merchantId);
  const filter = await dispatcher.wanted();
  const own = events.filter(
    (event) => matchesFilter(filter, event.type) || readWebhookUrl(event) !== null,
  );
  if (own.length > 0) await dispatcher.accept(own);
  return own.length > 0 || filter.length > 0;
}

/** Reports results of attempts; repeated once, since a result is recorded once. */
export function reportAttempts(
  env: Bindings,
  merchantId: string,
  reports: AttemptReport[],
): Promise<void> {
  return callObject(env.WEBHOOKS, merchantId, (dispatcher) => dispatcher.report(reports));
}
