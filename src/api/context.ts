/** What every handler finds in its context. */
import type { Context } from "hono";
import type { Config } from "../config";
import type { Env } from "../env";
import type { Log } from "../observability/log";

export type Variables = {
  request_id: string;
  /** Our leg of the request's trace: a W3C `traceparent`. */
  traceparent: string;
  config: Config;
  /** Its lines have the ids of the request and its trace. */
  log: Log;
  /** Set by authentication; empty on routes that need none. */
  merchant_id: string;
  /** Set with it: the merchant's. */
  default_currency: string;
  /** What every answer tells the merchant of its quotas. */
  quotas?: { policies: string; standings: string };
  /** Set for a create that is over the limit: the problem to respond with, unless it repeats an earlier create. */
  over_limit?: Error;
  /** For the request's log line: what it was about and, if it was refused, why. */
  transaction_id?: string;
  outcome?: string;
};

export type AppEnv = { Bindings: Env; Variables: Variables };
export type AppContext = Context<AppEnv>;
