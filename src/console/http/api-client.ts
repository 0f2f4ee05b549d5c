/** Calls this Worker's own API, in the same isolate, for the visitor of a page. So a page sees and changes what its key
 *  may, through the same checks, quotas and log lines as every other client, and there is no second way to do anything. */
import { app as api } from "../../api/app";
import type { AppContext } from "../../api/context";
import type { PROBLEMS } from "../../api/http/problem";
import { actAs, type Principal } from "../../api/middleware/principal";
import { PageProblem } from "./page-problem";

/** A problem document of the API. */
export type ProblemBody = {
  title: string;
  status: number;
  detail: string;
  code: keyof typeof PROBLEMS;
  request_id: string;
  errors?: { pointer?: string; parameter?: string; header?: string; message: string }[];
};

export type ApiReply<Body> =
  | { ok: true; status: number; body: Body; headers: Headers }
  | { ok: false; status: number; problem: ProblemBody };

type Query = Record<string, string | number | undefined>;
type Sent = { query?: Query; body?: unknown; headers?: Record<string, string> };

/** `Body` is the type that the operation's response schema describes. */
export class ApiClient {
  readonly #c: AppContext;
  readonly #principal: Principal;

  constructor(c: AppContext, principal: Principal) {
    this.#c = c;
    this.#principal = principal;
  }

  /** @returns the response, or its problem */
  async call<Body>(method: string, path: string, sent: Sent = {}): Promise<ApiReply<Body>> {
    const { query = {}, body, headers = {} } = sent;
    const url = new URL(path, this.#c.req.url);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
    }
    const request = new Request(url, {
      method,
      headers: {
        traceparent: this.#c.get("traceparent"),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const acting = actAs(request, this.#principal);
    const response = await api.fetch(acting, this.#c.env, this.#c.executionCtx);
    const { status } = response;
    // Every response of the API is JSON or has no body.
    const text = await response.text();
    const parsed: unknown = text === "" ? undefined : JSON.parse(text);
    if (response.ok) return { ok: true, status, body: parsed as Body, headers: response.headers };
    const wait = response.headers.get("Retry-After");
    if (wait !== null) this.#c.set("retry_after", wait);
    return { ok: false, status, problem: parsed as ProblemBody };
  }

  /** @throws PageProblem */
  async get<Body>(path: string, query: Query = {}): Promise<Body> {
    const reply = await this.call<Body>("GET", path, { query });
    if (!reply.ok) throw new PageProblem(reply.problem);
    return reply.body;
  }
}
