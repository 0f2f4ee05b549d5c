/** Reads a form of the console, and refuses those of other sites. */
import type { AppContext } from "../../api/context";
import { Problem } from "../../api/http/problem";
import { readRawBody } from "../../api/http/request-body";
import { isSameHash } from "../../api/middleware/authenticate";
import type { Session } from "../access/session";
import { PageProblem } from "./page-problem";

/** A rule set in an editor is the largest: the API accepts a body of 64 KiB, which a form sends percent-encoded. */
const MAX_FORM_BYTES = 3 * 65_536 + 8_192;

/** The name of the field with the session's proof, in every form. */
export const CSRF_FIELD = "csrf";

/** The fields of a form. A missing field reads as an empty text; white space around a value is removed. */
export class Form {
  readonly #fields: URLSearchParams;

  constructor(fields: URLSearchParams) {
    this.#fields = fields;
  }

  get(name: string): string {
    return (this.#fields.get(name) ?? "").trim();
  }

  /** The text as it was entered, with line ends as in JSON. */
  getText(name: string): string {
    return (this.#fields.get(name) ?? "").replaceAll("\r\n", "\n");
  }

  /** All values of a field, such as checked boxes. */
  getAll(name: string): string[] {
    return this.#fields.getAll(name);
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }
}

/** The form of a request by this console's own page. @throws Problem */
export async function readForm(c: AppContext): Promise<Form> {
  requireOwnPage(c);
  const mediaType = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/x-www-form-urlencoded") {
    throw new Problem("unsupported_media_type", {
      detail: "Send the form with Content-Type: application/x-www-form-urlencoded.",
    });
  }
  const bytes = await readRawBody(c, MAX_FORM_BYTES);
  return new Form(new URLSearchParams(new TextDecoder().decode(bytes)));
}

/** Browsers say which site a request comes from, in one header or the other; neither can be set by a script.
 *  @throws Problem if it was another one */
function requireOwnPage(c: AppContext): void {
  const site = c.req.header("Sec-Fetch-Site");
  const origin = c.req.header("Origin");
  const isOwn =
    (site === undefined || site === "same-origin") &&
    (origin === undefined || origin === new URL(c.req.url).origin);
  if (!isOwn) throw forged();
}

/** @throws Problem unless the form was made for this session */
export function requireCsrf(form: Form, session: Session): void {
  if (!isSameHash(form.get(CSRF_FIELD), session.csrf)) throw forged();
}

const forged = () =>
  new PageProblem({
    status: 403,
    title: "Form refused",
    detail: "The form was not made for this session. Load the page again and repeat the action.",
  });

const VERSION = /^[1-9]\d{0,9}$/;

/** The version of the payment that a form was made for: what it does is done to that version alone.
 *  @throws PageProblem without one */
export function readVersion(form: Form): number {
  const version = form.get("version");
  if (!VERSION.test(version)) throw incomplete();
  return Number(version);
}

/** A form that is not one of ours, or only a part of it. */
export const incomplete = () =>
  new PageProblem({
    status: 400,
    title: "Form incomplete",
    detail: "Nothing was done. Go back to the page where it began, and begin again.",
  });
