// The page on which a customer authenticates, with a button for each end.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Account } from "../account/account.ts";
import type { PaymentIntent } from "../account/objects.ts";
import { authenticate } from "../account/payment-intents.ts";
import { ApiError } from "./errors.ts";

const PATH = /^\/redirect\/authenticate\/(pi_[a-zA-Z]+)(?:\/(complete|fail))?$/;

const escapeHtml = (text: string) =>
  text.replace(/[&<>"']/g, (symbol) => `&#${symbol.charCodeAt(0)};`);

function pageText({ id, amount, currency, client_secret }: PaymentIntent): string {
  const form = (end: string, label: string) =>
    `<form method="post" action="/redirect/authenticate/${id}/${end}?client_secret=${client_secret}">` +
    `<button>${label}</button></form>`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>3-D Secure</title>
<h1>Payment of ${amount} ${escapeHtml(currency)} (smallest unit)</h1>
<p>This page stands in for the bank that issued the card.</p>
${form("complete", "Complete authentication")}${form("fail", "Fail authentication")}
`;
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end(html);
}

function returnUrl(intent: PaymentIntent, action: object | null, isPassed: boolean): string | null {
  const redirect: unknown = action && Reflect.get(action, "redirect_to_url");
  const text =
    redirect && typeof redirect === "object" ? Reflect.get(redirect, "return_url") : null;
  if (typeof text !== "string") return null;
  const url = new URL(text);
  url.searchParams.set("payment_intent", intent.id);
  url.searchParams.set("payment_intent_client_secret", String(intent.client_secret));
  url.searchParams.set("redirect_status", isPassed ? "succeeded" : "failed");
  return url.href;
}

/** Answers a request for the page or one of its buttons; false when it is for neither. */
export function serveAuthentication(
  account: Account,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const url = new URL(request.url ?? "/", account.base_url);
  const [, id = "", end] = PATH.exec(url.pathname) ?? [];
  if (id === "") return false;
  try {
    const intent = account.get("payment_intent", id);
    if (url.searchParams.get("client_secret") !== intent.client_secret) {
      sendPage(response, 403, "<!doctype html><title>Forbidden</title><p>Wrong secret.");
    } else if (end === undefined) {
      const isOpen = intent.status === "requires_action";
      const over =
        "<!doctype html><title>Over</title><p>There is nothing to authenticate any more.";
      sendPage(response, isOpen ? 200 : 410, isOpen ? pageText(intent) : over);
    } else if (request.method !== "POST") {
      response.writeHead(405, { allow: "POST" }).end();
    } else {
      const action = intent.next_action;
      const isPassed = end === "complete";
      account.cause = { id: null, idempotency_key: null };
      authenticate(account, id, isPassed);
      const location = returnUrl(intent, action, isPassed);
      if (location === null) sendPage(response, 200, "<!doctype html><title>Done</title><p>Done.");
      else response.writeHead(303, { location }).end();
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const isOver = error.members.code === "payment_intent_unexpected_state";
    const text = `<!doctype html><title>Error</title><p>${escapeHtml(error.message)}`;
    sendPage(response, isOver ? 410 : error.status, text);
  }
  return true;
}
