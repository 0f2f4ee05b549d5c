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
  const json = jsonOf(answer.text);
  const parsed = Message.safeParse(json);
  const words = parsed.success
    ? `: ${quoted(parsed.data, answer)}`
    : `, ${unreadable(answer.text, json)}`;
  return faulty(complaintOf(answer.status), `HTTP ${answer.status}${words}`, answer);
}

/** An answer with a word about each record, some of them bad. Access comes first, because it is for
 *  somebody to repair; records are at fault only when nothing else was. */
export function recordFaults(
  answer: Answer,
  faults: { complaint: Complaint; code: number | undefined; message: string }[],
  reports: number,
): Produced {
  const rank = (["access", "failed", "records"] as const).map((complaint) =>
    faults.find((fault) => fault.complaint === complaint),
  );
  const worst = rank.find((fault) => fault !== undefined);
  const words = `error ${worst?.code ?? "without a code"}: ${quoted(worst?.message ?? "", answer)}`;
  const reason = `HTTP ${answer.status}, ${faults.length} of ${reports} not written, ${words}`;
  return faulty(worst?.complaint ?? "failed", reason, answer);
}

/** A success that is not told in the dialect's form: nothing in it confirms the records. */
export function unconfirmed({ status, text }: Answer): Produced {
  return { kind: "failed", reason: `HTTP ${status}, ${unreadable(text, jsonOf(text))}` };
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

function unreadable(text: string | undefined, json: unknown): string {
  if (text === undefined) return "too long";
  return json === undefined ? "not JSON" : "not an answer of this dialect";
}

/** Printable ASCII only: a log must not be steered by what a server says. */
function quoted(message: string, { secrets }: Answer): string {
  const discreet = secrets
    .filter((secret) => secret.length >= LEAST_SECRET_CHARACTERS)
    .reduce((text, secret) => text.replaceAll(secret, "[secret]"), message);
  const printable = discreet.replace(/[^\x20-\x7e]+/g, " ").trim();
  return printable.slice(0, MAX_QUOTE_CHARACTERS) || "no message";
}
