/** Turns errors of REST servers into results of the port, with a reason for the log. */
import * as z from "zod";
import { outsideText } from "../domain/text/outside-text";
import { classifyMessage, classifyStatus, type ErrorClass } from "./error-class";
import type { RestResponse } from "./rest-request";
import type { Produced } from "./stream";

/** A server's message is quoted in the log, cut to this length. */
const MAX_QUOTE_CHARACTERS = 200;
/** Shorter secrets occur in ordinary text, and protect nothing. */
const LEAST_SECRET_CHARACTERS = 4;

const Message = z.union([
  z.object({ message: z.string() }).transform(({ message }) => message),
  z.object({ error: z.string() }).transform(({ error }) => error),
]);

/** The result of a response that refuses or fails as a whole. */
export function readWholeFault(response: RestResponse): Produced {
  const { status, text } = response;
  const json = parseJson(text);
  const parsed = Message.safeParse(json);
  const words = parsed.success
    ? `: ${quote(parsed.data, response)}`
    : `, ${describeUnreadable(text, json) ?? "no message"}`;
  const isRedirect = status >= 300 && status < 400;
  const reason = `HTTP ${status}${isRedirect ? ", a redirect" : words}`;
  const errorClass = classifyStatus(status);
  const isUnclear = errorClass === "unclear";
  return toProduced(isUnclear ? classifyWhole(parsed.data) : errorClass, reason, response);
}

/** The message of a 500 decides. A 500 without a message may come from a proxy. */
function classifyWhole(words: string | undefined): ErrorClass {
  return words === undefined ? "failed" : classifyMessage(words);
}

/** `index` is the record's place in the request; undefined when the server does not report on each. */
export type RecordFault = {
  errorClass: ErrorClass;
  code: number | undefined;
  message: string;
  index: number | undefined;
};

/** Access comes first, because an operator has to repair it; records are at fault only when nothing else is. */
const GRAVEST_FIRST: ErrorClass[] = ["access", "failed", "unclear", "records"];

/** The result of a response with a report for each record, some of them bad.
 *  @param faults at least one */
export function readRecordFaults(
  response: RestResponse,
  faults: RecordFault[],
  reports: number,
): Produced {
  const rank = ({ errorClass }: RecordFault) => GRAVEST_FIRST.indexOf(errorClass);
  const [worst] = faults.toSorted((a, b) => rank(a) - rank(b));
  const words = `error ${worst?.code ?? "without a code"}: ${quote(worst?.message ?? "", response)}`;
  const reason = `HTTP ${response.status}, ${faults.length} of ${reports} not written, ${words}`;
  const suspects = faults.map(({ index }) => index).filter((index) => index !== undefined);
  return toProduced(worst?.errorClass ?? "failed", reason, response, suspects);
}

/** The result of a success that does not confirm every record in the dialect's form.
 *  @param json the response as the dialect parses it; undefined when it cannot */
export function readUnconfirmed({ status, text }: RestResponse, json: unknown): Produced {
  const words = describeUnreadable(text, json);
  if (words !== undefined) return { kind: "failed", reason: `HTTP ${status}, ${words}` };
  return { kind: "failed", reason: `HTTP ${status}, not every record confirmed`, unclear: true };
}

export function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function toProduced(
  errorClass: ErrorClass,
  reason: string,
  { retry_after_ms }: RestResponse,
  suspects: number[] = [],
): Produced {
  const named = suspects.length > 0 ? { suspects } : {};
  if (errorClass === "access") return { kind: "refused", because: errorClass, reason };
  if (errorClass === "records") return { kind: "refused", because: errorClass, reason, ...named };
  const wait = retry_after_ms === undefined ? {} : { retry_after_ms };
  if (errorClass === "failed") return { kind: "failed", reason, ...wait };
  return { kind: "failed", reason, ...wait, unclear: true, ...named };
}

function describeUnreadable(text: string | undefined, json: unknown): string | undefined {
  if (text === undefined) return "too long";
  return json === undefined ? "not JSON" : undefined;
}

/** Printable ASCII without secrets and card numbers: a server's message must not control a terminal, and some servers
 *  repeat the record that they refuse. */
function quote(message: string, { secrets }: RestResponse): string {
  const discreet = secrets
    .filter((secret) => secret.length >= LEAST_SECRET_CHARACTERS)
    .reduce((text, secret) => text.replaceAll(secret, "[secret]"), message);
  const printable = discreet.replace(/[^\x21-\x7e]+/g, " ").trim();
  return outsideText(printable, MAX_QUOTE_CHARACTERS) || "no message";
}
