/** Reading requests: bodies and queries become checked values, or a problem that names the field. */
import type * as z from "zod";
import { firstCodePoints, outsideText } from "../../domain/text/outside-text";
import { repeatedMembers } from "../../domain/text/repeated-member";
import { readLimited } from "../../runtime/read-limited";
import type { AppContext } from "../context";
import { type Place, Problem } from "./problem";

/** Twice what the largest allowed metadata takes in ASCII; every byte more is somebody's mistake or worse. */
export const MAX_BODY_BYTES = 65_536;
/** So much of a body that is too large is read and dropped. */
const MAX_DROPPED_BYTES = 16 * 1_048_576;
/** Enough to mend a form, without letting a hostile body choose the size of our answer. */
const MAX_FAULTS = 20;

/** The JSON body, checked by `schema`. */
export async function readBody<Schema extends z.ZodType>(
  c: AppContext,
  schema: Schema,
): Promise<z.output<Schema>> {
  requireJson(c);
  return checked(schema, parseJson(await readText(c)), inBody);
}

/** The same where no body at all stands for an empty object. */
export async function readOptionalBody<Schema extends z.ZodType>(
  c: AppContext,
  schema: Schema,
): Promise<z.output<Schema>> {
  requireIdentity(c);
  const text = await readText(c);
  if (text === "") return checked(schema, {}, inBody);
  requireJson(c);
  return checked(schema, parseJson(text), inBody);
}

/** A compressed body is refused rather than unpacked, so that its size is what it is. The answer names what would
 *  be taken (RFC 9110, section 15.5.16). @throws Problem */
function requireIdentity(c: AppContext): void {
  const coding = c.req.header("Content-Encoding")?.trim().toLowerCase();
  if (coding === undefined || coding === "" || coding === "identity") return;
  throw new Problem("unsupported_media_type", {
    detail: "Send the body uncompressed: Content-Encoding must be identity or absent.",
    errors: [{ header: "Content-Encoding", message: "must be identity or absent" }],
    headers: { "Accept-Encoding": "identity" },
  });
}

function requireJson(c: AppContext): void {
  requireIdentity(c);
  const mediaType = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    throw new Problem("unsupported_media_type", {
      detail: "Send the body with Content-Type: application/json.",
      errors: [{ header: "Content-Type", message: "must be application/json" }],
    });
  }
}

/** The query, checked by `schema`. A parameter that is sent twice counts as not valid. */
export function readQuery<Schema extends z.ZodType>(
  c: AppContext,
  schema: Schema,
): z.output<Schema> {
  const query = Object.entries(c.req.queries());
  const repeated = query.filter(([, values]) => values.length > 1).map(([name]) => name);
  if (repeated.length > 0) {
    const faults = repeated.map((name) => ({ path: [name], message: "must be sent only once" }));
    throw invalid(faults, inQuery);
  }
  return checked(
    schema,
    Object.fromEntries(query.map(([name, [value]]) => [name, value])),
    inQuery,
  );
}

type PlaceOf = (path: PropertyKey[]) => Place;
const inBody: PlaceOf = (path) => ({ pointer: pointerOf(path) });
const inQuery: PlaceOf = ([name]) => ({ parameter: cutName(name) });

function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  placeOf: PlaceOf,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(
    parsed.error.issues.flatMap((issue) => faultsOf(issue, value)),
    placeOf,
  );
}

type Fault = { path: PropertyKey[]; message: string; isCard?: boolean };

/** The problem of a request with these faults; a path leads from the body unless `placeOf` says otherwise. */
export function invalid(all: Fault[], placeOf: PlaceOf = inBody): Problem {
  const faults = all.slice(0, MAX_FAULTS);
  const code = faults.some(({ isCard }) => isCard) ? "card_number_refused" : "invalid_request";
  const detail = faults.map(({ path, message }) => `${nameOf(path)} ${message}`).join("; ");
  return new Problem(code, {
    detail: `${detail}.`,
    errors: faults.map(({ path, message }) => ({ ...placeOf(path), message })),
  });
}

function faultsOf(issue: z.core.$ZodIssue, sent: unknown): Fault[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], message: "is not a known field" }));
  }
  // What is wrong with a key is told by the issues inside.
  const told = issue.code === "invalid_key" ? (issue.issues[0] ?? issue) : issue;
  const isCard = told.code === "custom" && told.params?.code === "card_number_refused";
  const isMissing = told.code !== "custom" && path.length > 0 && memberAt(sent, path) === undefined;
  const message = isMissing ? `is required, and ${told.message}` : told.message;
  return [{ path, message, isCard }];
}

function memberAt(value: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (within, name) => (within as Record<PropertyKey, unknown> | null | undefined)?.[name],
    value,
  );
}

/** A name longer than this is cut in an answer. */
const MAX_NAME_CHARACTERS = 100;

function nameOf(path: PropertyKey[]): string {
  return path.length === 0
    ? "The body"
    : outsideText(path.map(String).join("/"), MAX_NAME_CHARACTERS);
}

/** Well-formed, and no longer than an answer has room for. */
function cutName(name: PropertyKey | undefined): string {
  return firstCodePoints(String(name ?? "").toWellFormed(), MAX_NAME_CHARACTERS);
}

/** RFC 6901, as a URI fragment; the whole document is "#". */
function pointerOf(path: PropertyKey[]): string {
  const names = path.map((name) => {
    return encodeURIComponent(cutName(name).replaceAll("~", "~0").replaceAll("/", "~1"));
  });
  return ["#", ...names].join("/");
}

async function readText(c: AppContext): Promise<string> {
  const declared = c.req.header("Content-Length");
  if (Number(declared ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const bytes = await bytesOf(c, declared !== undefined);
  if (!bytes || bytes.byteLength > MAX_BODY_BYTES) throw tooLarge();
  return decode(bytes);
}

async function bytesOf(c: AppContext, isDeclared: boolean): Promise<Uint8Array | undefined> {
  try {
    // A declared length is kept by HTTP itself, and reading in one go is cheaper.
    if (isDeclared) return new Uint8Array(await c.req.arrayBuffer());
    return await readLimited(c.req.raw.body, MAX_BODY_BYTES, MAX_DROPPED_BYTES);
  } catch {
    // The client hung up, or broke the rules of HTTP.
    throw new Problem("malformed_json", { detail: "The body is incomplete." });
  }
}

function tooLarge(): Problem {
  return new Problem("body_too_large", {
    detail: `The body must have at most ${MAX_BODY_BYTES} bytes.`,
    headers: { Connection: "close" },
  });
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Problem("malformed_json", { detail: "The body is not valid UTF-8." });
  }
}

/** JSON, but with a number under `amount` as the text that was sent: a double may already have rounded it. */
function parseJson(text: string): unknown {
  const sources = new WeakMap<object, string>();
  let value: unknown;
  try {
    // The reviver's third argument (ES2026) is newer than our type definitions.
    value = JSON.parse(text, function (this: object, key, member, ...rest: [{ source?: string }?]) {
      if (key === "amount" && typeof member === "number") sources.set(this, rest[0]?.source ?? "");
      return member;
    } as (this: object, key: string, member: unknown) => unknown);
  } catch (fault) {
    const detail =
      fault instanceof SyntaxError
        ? "The body is not valid JSON."
        : "The body is nested too deeply.";
    throw new Problem("malformed_json", { detail });
  }
  const repeated = repeatedMembers(text).next().value;
  if (repeated) throw invalid([{ path: repeated, message: "appears more than once" }], inBody);
  if (typeof value !== "object" || value === null) return value;
  const source = sources.get(value);
  return source === undefined ? value : { ...value, amount: source };
}
