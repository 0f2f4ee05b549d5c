/** What it means that records were not written: which answer of the port it is, and why in words. */
import * as z from "zod";
import { outsideText } from "../domain/text/outside-text";
import { classifyMessage, classifyStatus, type ErrorClass } from "./error-class";
import type { RestResponse } from "./rest-request";
import type { Produced } from "./stream";

/** A server's words are quoted for whoever reads the log, never at length. */
const MAX_QUOTE_CHARACTERS = 200;
/** Shorter ones occur in ordinary words, and protect nothing. */
const LEAST_SECRET_CHARACTERS = 4;

const Message = z.union([
  z.object({ message: z.string() }).transform(({ message }) => message),
  z.object({ error: z.string() }).transform(({ error }) => error),
]);

/** An answer that refuses or fails as a whole. */
export function readWholeFault(answer: RestResponse): Produced {
  const { status, text } = answer;
  const json = parseJson(text);
  const parsed = Message.safeParse(json);
  const words = parsed.success
    ? `: ${quote(parsed.data, answer)}`
    : `, ${describeUnreadable(text, json) ?? "no message"}`;
  const isRedirect = status >= 300 && status < 400;
  const reason = `HTTP ${status}${isRedirect ? ", a redirect" : words}`;
  const complaint = classifyStatus(status);
  const isUnclear = complaint === "unclear";
  return toProduced(isUnclear ? classifyWhole(parsed.data) : complaint, reason, answer);
}

/** A 500 says nothing by itself. Its words may; whoever answers 500 without any may be a proxy in between. */
function classifyWhole(words: string | undefined): ErrorClass {
  return words === undefined ? "failed" : classifyMessage(words);
}

/** `index` is the record's place in the request; undefined when the server does not report on each. */
export type RecordFault = {
  complaint: ErrorClass;
  code: number | undefined;
  message: string;
  index: number | undefined;
};

/** Access comes first, because it is for somebody to repair; records are at fault only when nothing
 *  else was. */
const GRAVEST_FIRST: ErrorClass[] = ["access", "failed", "unclear", "records"];

/** An answer with a report for each record, some of them bad.
 *  @param faults at least one */
export function readRecordFaults(
  answer: RestResponse,
  faults: RecordFault[],
  reports: number,
): Produced {
  const rank = ({ complaint }: RecordFault) => GRAVEST_FIRST.indexOf(complaint);
  const [worst] = faults.toSorted((a, b) => rank(a) - rank(b));
  const words = `error ${worst?.code ?? "without a code"}: ${quote(worst?.message ?? "", answer)}`;
  const reason = `HTTP ${answer.status}, ${faults.length} of ${reports} not written, ${words}`;
  const suspects = faults.map(({ index }) => index).filter((index) => index !== undefined);
  return toProduced(worst?.complaint ?? "failed", reason, answer, suspects);
}

/** A success that does not confirm every record in the dialect's form.
 *  @param json the answer as the dialect reads it; undefined when it cannot */
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
  complaint: ErrorClass,
  reason: string,
  { retry_after_ms }: RestResponse,
  suspects: number[] = [],
): Produced {
  const named = suspects.length > 0 ? { suspects } : {};
  if (complaint === "access") return { kind: "refused", because: complaint, reason };
  if (complaint === "records") return { kind: "refused", because: complaint, reason, ...named };
  const wait = retry_after_ms === undefined ? {} : { retry_after_ms };
  if (complaint === "failed") return { kind: "failed", reason, ...wait };
  return { kind: "failed", reason, ...wait, unclear: true, ...named };
}

function describeUnreadable(text: string | undefined, json: unknown): string | undefined {
  if (text === undefined) return "too long";
  return json === undefined ? "not JSON" : undefined;
}

/** Printable ASCII without card numbers: a log must not be steered by what a server says, and some servers repeat
 *  the record that they refuse. */
function quote(message: string, { secrets }: RestResponse): string {
  const discreet = secrets
    .filter((secret) => secret.length >= LEAST_SECRET_CHARACTERS)
    .reduce((text, secret) => text.replaceAll(secret, "[secret]"), message);
  const printable = discreet.replace(/[^\x21-\x7e]+/g, " ").trim();
  return outsideText(printable, MAX_QUOTE_CHARACTERS) || "no message";
}
