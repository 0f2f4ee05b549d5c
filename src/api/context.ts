/** The context of every handler. */
import type { Context } from "hono";
import type { Config } from "../config";
import type { Env } from "../env";
import type { Log } from "../observability/log";

type Variables = {
  request_id: string;
  /** This service's span of the request's trace: a W3C `traceparent`. */
  traceparent: string;
  config: Config;
  /** Adds the ids of the request and its trace to every line. */
  log: Log;
  /** Set by authentication; undefined on routes without it. */
  merchant_id: string;
  /** The book that has the merchant's payments, as far as this isolate has read; set by authentication. */
  book: number;
  /** The merchant's default currency, set by authentication. */
  default_currency: string;
  /** Values of the RateLimit header fields. */
  quotas?: { policies: string; standings: string };
  /** Set for a create over the limit: the problem to respond with, unless it repeats an earlier create. */
  over_limit?: Error;
  /** Set for a page of the console: the Retry-After of the refusal that it shows. */
  retry_after?: string;
  /** Fields of the request's log line. `outcome` is the problem's code if the request was refused. */
  transaction_id?: string;
  outcome?: string;
};

export type AppEnv = { Bindings: Env; Variables: Variables };
export type AppContext = Context<AppEnv>;
