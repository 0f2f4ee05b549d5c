/** Interprets a processor's response. Its `status` decides. An echo of another payment makes the outcome unknown;
 *  everything else is cut, replaced or left out, so that no other member can keep a charge open. */
import { outsideText } from "../domain/text/outside-text";
import { repeatedMembers } from "../domain/text/repeated-member";
import { RESERVED_FAILURE_CODES } from "../domain/transaction/transaction";
import type { ChargeAnswer, ChargeRequest, EchoMember } from "./processor";

/** In code points. */
const MAX_CODE_CHARACTERS = 64;
const MAX_MESSAGE_CHARACTERS = 500;
/** Used for a code that is missing or not text. */
const NO_CODE = "processor_declined";
const NO_MESSAGE = "The processor declined the charge";

type Members = Record<string, unknown>;

/** The outcome that a response reports.
 *  @param text the body of a 2xx response; undefined when it is too long to be read */
export function readResponse(text: string | undefined, request: ChargeRequest): ChargeAnswer {
  if (text === undefined) return { kind: "unknown", reason: "an answer that is too long" };
  const answer = readMembers(text);
  if (!answer) return { kind: "unknown", reason: "an answer that is not a JSON object" };
  if (decidesTwice(text)) return { kind: "unknown", reason: "an answer that says one thing twice" };
  const differs = differingEcho(answer, request);
  if (differs.length > 0) {
    return { kind: "unknown", reason: "an answer about another payment", differs };
  }
  switch (answer.status) {
    case "settled":
      return { kind: "settled" };
    case "declined":
      return declined(answer);
    case "pending":
      return { kind: "unknown", reason: "the processor does not know yet" };
    default:
      return { kind: "unknown", reason: "an answer without a known status" };
  }
}

function readMembers(text: string): Members | undefined {
  try {
    const json: unknown = JSON.parse(text);
    const isObject = typeof json === "object" && json !== null && !Array.isArray(json);
    return isObject ? (json as Members) : undefined;
  } catch {
    return undefined;
  }
}

const DECIDING = ["status", "reference", "amount_minor", "currency"];

/** Whether a member that decides occurs twice. Other repeated members cannot keep a charge open. */
function decidesTwice(text: string): boolean {
  return [...repeatedMembers(text)].some(([name, ...inside]) => {
    return inside.length === 0 && DECIDING.includes(String(name));
  });
}

/** The members that the response echoes with another value or type. */
function differingEcho(answer: Members, request: ChargeRequest): EchoMember[] {
  const sent: Record<EchoMember, unknown> = {
    reference: request.idempotency_key,
    amount_minor: request.amount_minor,
    currency: request.currency,
  };
  return (Object.keys(sent) as EchoMember[]) // The record's own keys.
    .filter((name) => Object.hasOwn(answer, name) && answer[name] !== sent[name]);
}

function declined(answer: Members): ChargeAnswer {
  const mended: string[] = [];
  const code = textMember(answer, "code", MAX_CODE_CHARACTERS, mended) || NO_CODE;
  const isSilent = !Object.hasOwn(answer, "message");
  const message = isSilent ? "" : textMember(answer, "message", MAX_MESSAGE_CHARACTERS, mended);
  const failure = { code: renameReserved(code), message: message || NO_MESSAGE };
  return { kind: "declined", failure, ...(mended.length > 0 ? { mended } : {}) };
}

/** A member as it can be stored; "" when nothing is left.
 *  @param mended receives the name of the member and what was wrong with it, never its value */
function textMember(answer: Members, name: string, most: number, mended: string[]): string {
  const value = Object.hasOwn(answer, name) ? answer[name] : undefined;
  const kept = typeof value === "string" ? outsideText(value, most) : "";
  if (value === undefined) mended.push(`${name} is missing`);
  else if (typeof value !== "string") mended.push(`${name} is not text`);
  else if (kept === "") mended.push(`${name} is empty`);
  else if ([...value].length > most) mended.push(`${name} is too long`);
  else if (kept !== value) mended.push(`${name} is not fit to keep`);
  return kept;
}

/** Renames codes that are reserved for our own decisions. */
function renameReserved(code: string): string {
  return RESERVED_FAILURE_CODES.includes(code) ? `processor_${code}` : code;
}
