/** What ends a page instead of its content: a problem of the API, or a refusal of the console itself. */
import { PROBLEMS, Problem, toFaultCode } from "../../api/http/problem";

/** `code` is that of the API's problem, if it is one; `retry_after` its header field. */
export type ShownProblem = {
  status: number;
  title: string;
  detail: string;
  code?: string;
  retry_after?: string | undefined;
};

/** Thrown by the handlers of pages; it is a response, not a fault. */
export class PageProblem extends Error {
  override readonly name = "PageProblem";
  readonly shown: ShownProblem;

  constructor(shown: ShownProblem) {
    super(shown.title);
    this.shown = shown;
  }
}

/** The same page for ids that do not exist, that belong to another merchant, and for addresses without a page. */
export const NOT_FOUND: ShownProblem = {
  status: 404,
  title: "Not found",
  detail: "There is no such page, or nothing with this id.",
};

/** What is shown for a thrown value. @returns undefined for a fault, which is logged and shown without its message */
export function toShownProblem(thrown: unknown): ShownProblem | undefined {
  if (thrown instanceof PageProblem) return thrown.shown.status === 404 ? NOT_FOUND : thrown.shown;
  if (thrown instanceof Problem) {
    const { status, title } = PROBLEMS[thrown.code];
    if (status === 404) return NOT_FOUND;
    const { detail = `${title}.`, headers } = thrown.details;
    return { status, title, detail, code: thrown.code, retry_after: headers?.["Retry-After"] };
  }
  return toFaultCode(thrown) === "unavailable" ? UNAVAILABLE : undefined;
}

const UNAVAILABLE: ShownProblem = {
  status: 503,
  ...{ title: PROBLEMS.unavailable.title, code: "unavailable" },
  detail: "Payments continue. Load the page again in a moment.",
};
