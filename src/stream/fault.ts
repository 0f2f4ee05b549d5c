/** What it means that records were not written: which answer of the port it is, and why in words. */
import * as z from "zod";
import type { Answer } from "./send";
import type { Produced } from "./stream";

/** What a server complains of. `failed`: nothing that will not pass. */
export type Complaint = "failed" | "records" | "access";

/** A server's words are quoted for whoever reads the log, never at length. */
const MAX_QUOTE_CHARACTERS = 200;
/** Shorter ones occur in ordinary words, and protect nothing. */
const LEAST_SECRET_CHARACTERS = 4;

const Message = z.union([
  z.object({ message: z.string() }).transform(({ message }) => message),
  z.object({ error: z.string() }).transform(({ error }) => error),
]);

/** What an HTTP status complains of. An unknown 4xx holds everything back, which loses nothing. */
export function complaintOf(status: number): Complaint {
  if ([400, 413, 422].includes(status)) return "records";
  if ([408, 425, 429].includes(status)) return "failed";
  return status >= 300 && status < 500 ? "access" : "failed";
}

/** An answer that refuses or fails as a whole. */
export function wholeFault(answer: Answer): Produced {
  const { status, text } = answer;
  const json = jsonOf(text);
  const parsed = Message.safeParse(json);
  const words = parsed.success
    ? `: ${quoted(parsed.data, answer)}`
    : `, ${unread(text, json) ?? "no message"}`;
  const isRedirect = status >= 300 && status < 400;
  const reason = `HTTP ${status}${isRedirect ? ", a redirect" : words}`;
  return faulty(complaintOf(status), reason, answer);
}

export type RecordFault = { complaint: Complaint; code: number | undefined; message: string };

/** Access comes first, because it is for somebody to repair; records are at fault only when nothing
 *  else was. */
const GRAVEST_FIRST: Complaint[] = ["access", "failed", "records"];

/** An answer with a report for each record, some of them bad.
 *  @param faults at least one */
export function recordFaults(answer: Answer, faults: RecordFault[], reports: number): Produced {
  const rank = ({ complaint }: RecordFault) => GRAVEST_FIRST.indexOf(complaint);
  const [worst] = faults.toSorted((a, b) => rank(a) - rank(b));
  const words = `error ${worst?.code ?? "without a code"}: ${quoted(worst?.message ?? "", answer)}`;
  const reason = `HTTP ${answer.status}, ${faults.length} of ${reports} not written, ${words}`;
  return faulty(worst?.complaint ?? "failed", reason, answer);
}

/** A success that does not confirm every record in the dialect's form.
 *  @param json the answer as the dialect reads it; undefined when it cannot */
export function unconfirmed({ status, text }: Answer, json: unknown): Produced {
  const words = unread(text, json) ?? "not every record confirmed";
  return { kind: "failed", reason: `HTTP ${status}, ${words}` };
}

export function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function faulty(complaint: Complaint, reason: string, { retry_after_ms }: Answer): Produced {
  if (complaint !== "failed") return { kind: "refused", because: complaint, reason };
  return { kind: "failed", reason, ...(retry_after_ms === undefined ? {} : { retry_after_ms }) };
}

function unread(text: string | undefined, json: unknown): string | undefined {
  if (text === undefined) return "too long";
  return json === undefined ? "not JSON" : undefined;
}

/** Printable ASCII only: a log must not be steered by what a server says. */
function quoted(message: string, { secrets }: Answer): string {
  const discreet = secrets
    .filter((secret) => secret.length >= LEAST_SECRET_CHARACTERS)
    .reduce((text, secret) => text.replaceAll(secret, "[secret]"), message);
  const printable = discreet.replace(/[^\x21-\x7e]+/g, " ").trim();
  return printable.slice(0, MAX_QUOTE_CHARACTERS) || "no message";
}
