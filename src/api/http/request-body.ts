/** Parses bodies and queries into checked values, or throws a problem with the location of each fault. */
import type * as z from "zod";
import { firstCodePoints, outsideText } from "../../domain/text/outside-text";
import { repeatedMembers } from "../../domain/text/repeated-member";
import { readLimited } from "../../runtime/read-limited";
import type { AppContext } from "../context";
import { DEFAULT_MESSAGES, type Fault, toFaults } from "./collect-issues";
import { type Place, Problem } from "./problem";

/** Twice the size of the largest allowed metadata in ASCII. */
export const MAX_BODY_BYTES = 65_536;
/** This much of a body that is too large is read and discarded. */
const MAX_DROPPED_BYTES = 16 * 1_048_576;
/** Bounds the size of the response to a hostile body. */
const MAX_FAULTS = 20;

/** Parses the JSON body with `schema`. @throws Problem */
export async function readBody<Schema extends z.ZodType>(
  c: AppContext,
  schema: Schema,
  maxBytes = MAX_BODY_BYTES,
): Promise<z.output<Schema>> {
  requireJson(c);
  return parseWith(schema, parseJson(await readText(c, maxBytes)), toBodyPlace);
}

/** Parses a part of a body with `schema`. @param path of the part. @throws Problem */
export function parsePart<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: PropertyKey[],
): z.output<Schema> {
  return parseWith(schema, value, toBodyPlace, path);
}

/** Parses the JSON body with `schema`; no body is parsed as an empty object. @throws Problem */
export async function readOptionalBody<Schema extends z.ZodType>(
  c: AppContext,
  schema: Schema,
): Promise<z.output<Schema>> {
  requireIdentity(c);
  const text = await readText(c);
  if (text === "") return parseWith(schema, {}, toBodyPlace);
  requireJson(c);
  return parseWith(schema, parseJson(text), toBodyPlace);
}

/** Refuses compressed bodies, so that the size limit needs no decompression. The response names the accepted coding
 *  (RFC 9110, section 15.5.16). @throws Problem */
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

/** Parses the query with `schema`. A repeated parameter is not valid. @throws Problem */
export function readQuery<Schema extends z.ZodType>(
  c: AppContext,
  schema: Schema,
): z.output<Schema> {
  const query = Object.entries(c.req.queries());
  const repeated = query.filter(([, values]) => values.length > 1).map(([name]) => name);
  if (repeated.length > 0) {
    const faults = repeated.map((name) => ({ path: [name], message: "must be sent only once" }));
    throw toInvalidRequest(faults, toQueryPlace);
  }
  return parseWith(
    schema,
    Object.fromEntries(query.map(([name, [value]]) => [name, value])),
    toQueryPlace,
  );
}

type ToPlace = (path: PropertyKey[]) => Place;
const toBodyPlace: ToPlace = (path) => ({ pointer: toPointer(path) });
const toQueryPlace: ToPlace = ([name]) => ({ parameter: cutName(name) });

function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  toPlace: ToPlace,
  within: PropertyKey[] = [],
): z.output<Schema> {
  const parsed = schema.safeParse(value, DEFAULT_MESSAGES);
  if (parsed.success) return parsed.data;
  const faults = toFaults(parsed.error.issues, value);
  throw toInvalidRequest(
    faults.map((fault) => ({ ...fault, path: [...within, ...fault.path] })),
    toPlace,
  );
}

/** The problem of a request with these faults. @param toPlace converts a path; by default to a location in the body */
export function toInvalidRequest(all: Fault[], toPlace: ToPlace = toBodyPlace): Problem {
  const faults = all.slice(0, MAX_FAULTS);
  const code = faults.some(({ isCard }) => isCard) ? "card_number_refused" : "invalid_request";
  const detail = faults.map(({ path, message }) => `${formatName(path)} ${message}`).join("; ");
  return new Problem(code, {
    detail: `${detail}.`,
    errors: faults.map(({ path, message }) => ({ ...toPlace(path), message })),
  });
}

/** A longer name is cut in a response. */
const MAX_NAME_CHARACTERS = 100;

function formatName(path: PropertyKey[]): string {
  return path.length === 0
    ? "The body"
    : outsideText(path.map(String).join("/"), MAX_NAME_CHARACTERS);
}

/** The name as well-formed text of limited length. */
function cutName(name: PropertyKey | undefined): string {
  return firstCodePoints(String(name ?? "").toWellFormed(), MAX_NAME_CHARACTERS);
}

/** A JSON Pointer (RFC 6901) as a URI fragment; "#" is the whole document. */
function toPointer(path: PropertyKey[]): string {
  const names = path.map((name) => {
    return encodeURIComponent(cutName(name).replaceAll("~", "~0").replaceAll("/", "~1"));
  });
  return ["#", ...names].join("/");
}

async function readText(c: AppContext, maxBytes = MAX_BODY_BYTES): Promise<string> {
  return decode(await readRawBody(c, maxBytes));
}

/** The bytes of the body as they arrived, at most `maxBytes`. @throws Problem */
export async function readRawBody(c: AppContext, maxBytes: number): Promise<Uint8Array> {
  const declared = c.req.header("Content-Length");
  if (Number(declared ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const bytes = await readBytes(c, declared !== undefined, maxBytes);
  if (!bytes || bytes.byteLength > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

/** Parses bytes that `readRawBody` has read with `schema`. @throws Problem */
export function parseRawBody<Schema extends z.ZodType>(
  schema: Schema,
  bytes: Uint8Array,
): z.output<Schema> {
  return parseWith(schema, parseJson(decode(bytes)), toBodyPlace);
}

async function readBytes(
  c: AppContext,
  isDeclared: boolean,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  try {
    // HTTP enforces a declared length, and reading in one call is cheaper.
    if (isDeclared) return new Uint8Array(await c.req.arrayBuffer());
    return await readLimited(c.req.raw.body, maxBytes, MAX_DROPPED_BYTES);
  } catch {
    // The client disconnected or violated HTTP.
    throw new Problem("malformed_json", { detail: "The body is incomplete." });
  }
}

function tooLarge(maxBytes: number): Problem {
  return new Problem("body_too_large", {
    detail: `The body must have at most ${maxBytes} bytes.`,
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

/** Parses JSON, with a number under `amount` as its source text, because a double may be rounded: of the body, and of each
 *  of its `items`. */
function parseJson(text: string): unknown {
  const sources = new WeakMap<object, string>();
  let value: unknown;
  try {
    // The type definitions do not have the reviver's third argument (ES2026).
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
  if (repeated)
    throw toInvalidRequest([{ path: repeated, message: "appears more than once" }], toBodyPlace);
  const restore = (sent: unknown): unknown => {
    if (typeof sent !== "object" || sent === null) return sent;
    const source = sources.get(sent);
    return source === undefined ? sent : { ...sent, amount: source };
  };
  const body = restore(value) as { items?: unknown } | null;
  return Array.isArray(body?.items) ? { ...body, items: body.items.map(restore) } : body;
}
