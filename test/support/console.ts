/** The console as a browser of one visitor uses it, without JavaScript: cookies, pages, forms. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { expect } from "vitest";
import { console as consoleApp } from "../../src/console/app";
import { BASE } from "./api";
import type { Bindings } from "./contract";
import { env, type TestEnv } from "./env";

type Fields = Record<string, string | string[]>;
type Sent = {
  headers?: Record<string, string>;
  env?: Bindings;
  /** The page that shows a new API key once. */
  showsKey?: boolean;
};

export type Page = { status: number; text: string; location: string | null; headers: Headers };

export class Visitor {
  /** Name and value of the cookie; undefined without a session. */
  cookie: string | undefined;
  /** Other cookies, by name. */
  readonly #others = new Map<string, string>();
  /** The session's proof, as the forms of the last page had it. */
  csrf = "";

  get(path: string, sent: Sent = {}): Promise<Page> {
    return this.#send("GET", path, undefined, sent);
  }

  /** Sends a form. Without a field `csrf` it has the proof of the last page. */
  post(path: string, fields: Fields = {}, sent: Sent = {}): Promise<Page> {
    const form = new URLSearchParams();
    for (const [name, value] of Object.entries({ csrf: this.csrf, ...fields })) {
      for (const one of [value].flat()) form.append(name, one);
    }
    const headers = { "Content-Type": "application/x-www-form-urlencoded", ...sent.headers };
    return this.#send("POST", path, form.toString(), { ...sent, headers });
  }

  /** Signs in and loads the overview, whose forms have the session's proof. */
  async signIn(credential: string, sent: Sent = {}): Promise<void> {
    const signedIn = await this.post("/console/sign-in", { credential, next: "/console" }, sent);
    expect(signedIn.status, signedIn.text).toBe(303);
    expect((await this.get("/console", sent)).status).toBe(200);
  }

  /** Follows a redirect to a page. */
  async follow(page: Page, sent: Sent = {}): Promise<Page> {
    expect(page.status, page.text).toBe(303);
    return this.get(page.location ?? "", sent);
  }

  async #send(method: string, path: string, body: string | undefined, sent: Sent): Promise<Page> {
    const cookies = [this.cookie, ...this.#others.values()].filter(Boolean);
    const request = new Request(`${BASE}${path}`, {
      method,
      redirect: "manual",
      headers: { ...(cookies.length > 0 && { Cookie: cookies.join("; ") }), ...sent.headers },
      ...(body === undefined ? {} : { body }),
    });
    const context = createExecutionContext();
    const bindings = { ...env, ...sent.env } as TestEnv; // Broken ones on purpose.
    const response = await consoleApp.fetch(request, bindings, context);
    const text = await response.text();
    await waitOnExecutionContext(context);
    this.#keepCookies(response);
    if (!sent.showsKey) expect(text, "a key is in the page").not.toMatch(/\bsk_[a-z2-7]{58}/);
    this.csrf = /name="csrf" value="([0-9a-f]{64})"/.exec(text)?.[1] ?? this.csrf;
    const location = response.headers.get("Location");
    return { status: response.status, text, location, headers: response.headers };
  }

  #keepCookies(response: Response): void {
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ""] = cookie.split(";");
      const [name = ""] = pair.split("=");
      if (!name.endsWith("console-session")) this.#others.set(name, pair);
      else this.cookie = /Max-Age=0/i.test(cookie) ? undefined : pair;
    }
  }
}

/** A visitor who is signed in with a key or the admin token. */
export async function newVisitor(credential: string): Promise<Visitor> {
  const visitor = new Visitor();
  await visitor.signIn(credential);
  return visitor;
}
