/** Interprets a processor's response. Its `status` decides. An echo of another operation makes the outcome unknown;
 *  everything else is cut, replaced or left out, so that no other member can keep an operation open. */
import { outsideText } from "../domain/text/outside-text";
import { repeatedMembers } from "../domain/text/repeated-member";
import type { OperationName, OperationResult } from "../domain/transaction/operation";
import { RESERVED_FAILURE_CODES } from "../domain/transaction/transaction";
import {
  type Answer,
  type EchoMember,
  type FindAnswer,
  namesOf,
  type OperationRequest,
  type Unknown,
} from "./processor";

/** In code points. */
const MAX_CODE_CHARACTERS = 64;
const MAX_MESSAGE_CHARACTERS = 500;
const MAX_REFERENCE_CHARACTERS = 255;
/** Used for a code that is missing or not text. */
const NO_CODE = "processor_declined";

/** The word by which a processor says that an operation is done, and how a message names the operation. */
const WORDS: Record<OperationName, { done: string; noun: string }> = {
  charge: { done: "settled", noun: "charge" },
  authorize: { done: "authorized", noun: "authorization" },
  capture: { done: "captured", noun: "capture" },
  void: { done: "voided", noun: "void" },
  refund: { done: "refunded", noun: "refund" },
};

const HTTP_NOT_FOUND = 404;

/** A response as it came.
 *  `text`: its body; undefined when it is too long to be read */
type HttpAnswer = { status: number; text: string | undefined };
type Members = Record<string, unknown>;

/** The outcome that a response to an operation reports. */
export function readResponse({ status, text }: HttpAnswer, request: OperationRequest): Answer {
  if (status < 200 || status > 299) return unknown(`HTTP ${status}`);
  const read = readAbout(text, request);
  if (read.kind === "unknown") return read;
  const { answer, repeated } = read;
  switch (answer.status) {
    case WORDS[request.operation].done:
      return withNotes({ kind: "done" }, [], answer, repeated);
    case "declined":
      return declined(answer, repeated, request.operation);
    case "pending":
      return unknown("the processor does not know yet");
    default:
      return unknown("an answer without a known status");
  }
}

/** What a response says became of an operation. Only HTTP 404 with the status `not_found` says that nothing did: a 404
 *  alone may come from a server on the way. */
export function readFound(response: HttpAnswer, request: OperationRequest): FindAnswer {
  if (response.status !== HTTP_NOT_FOUND) return readResponse(response, request);
  const read = readAbout(response.text, request);
  if (read.kind === "read" && read.answer.status === "not_found") return { kind: "not_found" };
  return read.kind === "unknown" && read.differs ? read : unknown(`HTTP ${response.status}`);
}

const unknown = (reason: string): Unknown => ({ kind: "unknown", reason });

/** The members of a response that is about this operation and says nothing that decides twice.
 *  `repeated`: the names of its members that occur more than once */
function readAbout(
  text: string | undefined,
  request: OperationRequest,
): Unknown | { kind: "read"; answer: Members; repeated: Set<unknown> } {
  if (text === undefined) return unknown("an answer that is too long");
  const answer = readMembers(text);
  if (!answer) return unknown("an answer that is not a JSON object");
  const paths = [...repeatedMembers(text)].filter((path) => path.length === 1);
  const repeated = new Set<unknown>(paths.map(([name]) => name));
  const echo = namesOf(request);
  if (["status", ...Object.keys(echo)].some((name) => repeated.has(name))) {
    return unknown("an answer that says one thing twice");
  }
  const differs = (Object.keys(echo) as EchoMember[]) // The record's own keys.
    .filter((name) => Object.hasOwn(answer, name) && answer[name] !== echo[name]);
  if (differs.length > 0) return { ...unknown("an answer about another payment"), differs };
  return { kind: "read", answer, repeated };
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

function declined(answer: Members, repeated: Set<unknown>, operation: OperationName): Answer {
  const mended: string[] = [];
  const code = textMember(answer, "code", MAX_CODE_CHARACTERS, mended) || NO_CODE;
  const isSilent = !Object.hasOwn(answer, "message");
  const message = isSilent ? "" : textMember(answer, "message", MAX_MESSAGE_CHARACTERS, mended);
  const failure = {
    code: renameReserved(code),
    message: message || `The processor declined the ${WORDS[operation].noun}`,
  };
  return withNotes({ kind: "declined", failure }, mended, answer, repeated);
}

/** Adds the processor's own id. One that would have to be changed to be stored is left out, because a changed id
 *  identifies nothing, or something else. */
function withNotes(
  result: OperationResult,
  mended: string[],
  answer: Members,
  repeated: Set<unknown>,
): Answer {
  const name = "processor_reference";
  const faults: string[] = [];
  let reference = "";
  if (repeated.has(name)) faults.push(`${name} is given twice`);
  else if (Object.hasOwn(answer, name) && answer[name] !== null) {
    reference = textMember(answer, name, MAX_REFERENCE_CHARACTERS, faults);
  }
  const all = [...mended, ...faults];
  return {
    ...result,
    ...(all.length > 0 ? { mended: all } : {}),
    ...(reference && faults.length === 0 ? { processor_reference: reference } : {}),
  };
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
