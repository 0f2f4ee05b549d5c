// A stand-in for Stripe over HTTP: the part of its API that a payment integration uses, with state, its idempotency rules,
// its webhooks, and faults on request. It moves no money and takes no card numbers.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { readBody } from "../../scripts/listen/read-body.ts";
import { listen } from "../system/listen.ts";
import { Account } from "./account/account.ts";
import { API_VERSION } from "./account/objects.ts";
import { type Controlled, control, type Seen } from "./http/control.ts";
import {
  ApiError,
  failedInside,
  invalid,
  keyInUse,
  rateLimited,
  unauthorized,
} from "./http/errors.ts";
import { type Fault, Faults } from "./http/faults.ts";
import { canonicalForm, readForm } from "./http/form.ts";
import { IdempotencyKeys, type Outcome, outcomeOfError } from "./http/idempotency.ts";
import { serveAuthentication } from "./http/page.ts";
import { endpointOf } from "./http/routes.ts";
import { Webhooks } from "./webhooks.ts";

/** How long a slow request takes. */
const SLOW_MS = 700;
const REQUESTS_KEPT = 100_000;
const CONTROL = "/_control";
const KEY_MAX = 255;

export type StripeStandIn = Controlled & {
  url: string;
  secret_key: string;
  /** Stops listening, with all connections cut; the state stays. */
  pause(): Promise<void>;
  /** Listens again at the same address. */
  resume(): Promise<void>;
  close(): void;
};

export type StripeOptions = { secret_key?: string; seed?: string; port?: number };

type Asked = {
  method: string;
  path: string;
  body: string;
  key: string | null;
  request_id: string;
};

function readSecretKey(request: IncomingMessage): string {
  const [scheme, value = ""] = (request.headers.authorization ?? "").split(" ");
  if (scheme === "Bearer") return value;
  return scheme === "Basic" ? (Buffer.from(value, "base64").toString().split(":")[0] ?? "") : "";
}

function sendJson(response: ServerResponse, status: number, body: object, headers = {}): void {
  const text = JSON.stringify(body, null, 2);
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
}

/** Faults of which the endpoint never hears. */
function refusalBefore(fault: Fault | null, key: string | null): ApiError | null {
  if (fault === "rate_limited") return rateLimited();
  if (fault === "conflict") return keyInUse(key ?? "");
  const message = "This object cannot be accessed right now.";
  if (fault === "lock_timeout") {
    return new ApiError(
      429,
      { type: "invalid_request_error", code: "lock_timeout", message },
      false,
    );
  }
  if (fault === "unavailable") return new ApiError(503, { type: "api_error", message }, false);
  return null;
}

/** Starts the stand-in at a free port, or at `port`. */
export async function startStripe(options: StripeOptions = {}): Promise<StripeStandIn> {
  const { secret_key = "sk_test_standin", seed = "1", port = 0 } = options;
  const webhooks = new Webhooks();
  const livemode = /^(sk|rk)_live_/.test(secret_key);
  const account = new Account({ seed, livemode, onEvent: (event) => webhooks.send(event) });
  const keys = new IdempotencyKeys(() => account.now_ms());
  const faults = new Faults(seed);
  const requests: Seen[] = [];
  const controlled: Controlled = { account, faults, keys, webhooks, requests };

  function checkHeaders(request: IncomingMessage): void {
    const given = readSecretKey(request);
    if (given === "") throw unauthorized("You did not provide an API key.");
    if (given !== secret_key) throw unauthorized("Invalid API Key provided: sk_****");
    const version = request.headers["stripe-version"] ?? API_VERSION;
    if (version !== API_VERSION) throw invalid(`Invalid Stripe API version: ${version}`);
  }

  async function execute(asked: Asked, fault: Fault | null): Promise<Outcome> {
    const { method, path, body, key, request_id } = asked;
    const [plain = "", query = ""] = path.split("?");
    if (fault === "slow") await sleep(SLOW_MS);
    if (fault === "failed") return outcomeOfError(failedInside());
    try {
      const form = readForm(method === "GET" ? query : body);
      account.cause = { id: request_id, idempotency_key: key };
      const done = endpointOf(method, plain)(account, form);
      if (fault === "failed_done") return outcomeOfError(failedInside());
      return { status: 200, body: done, isSaved: true, isReplayed: false };
    } catch (error) {
      return outcomeOfError(error);
    }
  }

  async function answer(
    request: IncomingMessage,
    asked: Asked,
    fault: Fault | null,
  ): Promise<Outcome> {
    const { method, path, body, key } = asked;
    try {
      checkHeaders(request);
      const refusal = refusalBefore(fault, key);
      if (refusal) throw refusal;
      if (method === "GET" || key === null) return await execute(asked, fault);
      if (key.length > KEY_MAX) throw invalid("Idempotency-Key is too long");
      const fingerprint = `${method} ${path} ${canonicalForm(readForm(body))}`;
      return await keys.run(key, fingerprint, () => execute(asked, fault));
    } catch (error) {
      return outcomeOfError(error);
    }
  }

  async function serveApi(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): Promise<void> {
    const { method = "GET", url: path = "/" } = request;
    const header = request.headers["idempotency-key"];
    const key = typeof header === "string" ? header : null;
    const request_id = account.token("req");
    const fault = faults.next({ method, path, body, key: key ?? "" });
    const seen: Seen = { method, path, key, status: 0, fault };
    if (requests.length < REQUESTS_KEPT) requests.push(seen);
    if (fault === "cut") return void response.destroy();
    if (fault === "hang") return;
    const outcome = await answer(request, { method, path, body, key, request_id }, fault);
    if (fault === "lost") return void response.destroy();
    seen.status = outcome.status;
    sendJson(response, outcome.status, outcome.body, {
      ...{ "request-id": request_id, "stripe-version": API_VERSION },
      ...(key === null ? {} : { "idempotency-key": key }),
      ...(outcome.isReplayed ? { "idempotent-replayed": "true" } : {}),
    });
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (serveAuthentication(account, request, response)) return;
    const { method = "GET", url: path = "/" } = request;
    const body = String(await readBody(request));
    if (!path.startsWith(CONTROL)) return serveApi(request, response, body);
    try {
      const done = control(controlled, method, path.slice(CONTROL.length), body);
      sendJson(response, done ? 200 : 404, done ?? { error: { message: "no such control" } });
    } catch (error) {
      const { status, body } = outcomeOfError(error);
      sendJson(response, status, body);
    }
  }

  const open = (at: number) => {
    const server: Server = createServer((request, response) => {
      // The sender closed the connection before the end of the request, or sent a control call that is no JSON.
      serve(request, response).catch(() => response.destroy());
    });
    return listen(server, at);
  };
  let listening = await open(port);
  const { url } = listening;
  account.base_url = url;
  const close = () => {
    listening.close();
    webhooks.close();
    account.close();
  };
  const resume = async () => {
    listening = await open(Number(new URL(url).port));
  };
  return { ...controlled, url, secret_key, pause: async () => listening.close(), resume, close };
}
