/** A merchant's dispatcher as seen from elsewhere: every method is a promise away. */
import type { Env } from "../config";
import type { WebhookDispatcher } from "./webhook-dispatcher";

type Face = Exclude<keyof WebhookDispatcher, keyof DurableObject | "alarm">;
export type Dispatcher = {
  [Method in Face]: (
    ...given: Parameters<WebhookDispatcher[Method]>
  ) => Promise<ReturnType<WebhookDispatcher[Method]>>;
};

/** The platform's own type for a stub tears unions apart; at run time they arrive as they were sent. */
export function dispatcherOf(env: Pick<Env, "WEBHOOKS">, merchantId: string): Dispatcher {
  return env.WEBHOOKS.getByName(merchantId) as unknown as Dispatcher;
}
