/** Reading requests: bodies and queries become checked values, or a problem that names the field. */
import type * as z from "zod";
import { readBytes } from "../read-bytes";
import type { AppContext } from "./context";
import { Problem } from "./problem";

/** Twice what the largest allowed metadata takes; every byte more is somebody's mistake or worse. */
export const MAX_BODY_BYTES = 65_536;
/** Enough to mend a form, without letting a hostile body choose the size of our answer. */
const MAX_FAULTS = 20;

/** The JSON body, checked by `schema`. */
export async function readBody<Schema extends z.ZodType>(
  c: AppContext,
  schema: Schema,
): Promise<z.output<Schema>> {
  requireJson(c);
  return checked(schema, parseJson(await readText(c)));
}

/** The same where no body at all stands for an empty object. */
export async function readOptionalBody<Schema extends z.ZodType>(
  c: AppContext,
  schema: Schema,
): Promise<z.output<Schema>> {
  const text = await readText(c);
  if (text === "") return checked(schema, {});
  requireJson(c);
  return checked(schema, parseJson(text));
}

function requireJson(c: AppContext): void {
  const mediaType = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    throw new Problem("unsupported_media_type", {
      detail: "Send the body with Content-Type: application/json.",
    });
  }
}

/** The query, checked by `schema`. A parameter that is sent twice counts as not valid. */
export function readQuery<Schema extends z.ZodType>(
  c: AppContext,
  schema: Schema,
): z.output<Schema> {
  const query = Object.entries(c.req.queries()).map(([name, values]) => [
    name,
    values.length === 1 ? values[0] : values,
  ]);
  return checked(schema, Object.fromEntries(query));
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap(faultsOf).slice(0, MAX_FAULTS);
  const code = faults.some(({ isCard }) => isCard) ? "card_number_refused" : "invalid_request";
  const detail = faults.map(({ path, message }) => `${nameOf(path)} ${message}`).join("; ");
  throw new Problem(code, {
    detail: `${detail}.`,
    errors: faults.map(({ path, message }) => ({ pointer: pointerOf(path), message })),
  });
}

type Fault = { path: PropertyKey[]; message: string; isCard: boolean };

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const message = "is not a known field";
    return issue.keys.map((key) => ({ path: [...path, key], message, isCard: false }));
  }
  // What is wrong with a key is told by the issues inside.
  const told = issue.code === "invalid_key" ? (issue.issues[0] ?? issue) : issue;
  const isCard = told.code === "custom" && told.params?.code === "card_number_refused";
  return [{ path, message: told.message, isCard }];
}

/** A name longer than this is cut in an answer. */
const MAX_NAME_CHARACTERS = 100;

function nameOf(path: PropertyKey[]): string {
  return path.length === 0 ? "The body" : path.map(String).join("/").slice(0, MAX_NAME_CHARACTERS);
}

/** RFC 6901, as a URI fragment; the whole document is "#". */
function pointerOf(path: PropertyKey[]): string {
  const names = path.map((name) => {
    const cut = String(name).slice(0, MAX_NAME_CHARACTERS).toWellFormed();
    return encodeURIComponent(cut.replaceAll("~", "~0").replaceAll("/", "~1"));
  });
  return ["#", ...names].join("/");
}

async function readText(c: AppContext): Promise<string> {
  const declared = c.req.header("Content-Length");
  if (Number(declared ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  // A declared length is kept by HTTP itself, and reading in one go is cheaper.
  const bytes = declared
    ? new Uint8Array(await c.req.arrayBuffer())
    : await readBytes(c.req.raw.body, MAX_BODY_BYTES);
  if (!bytes || bytes.byteLength > MAX_BODY_BYTES) throw tooLarge();
  return decode(bytes);
}

function tooLarge(): Problem {
  return new Problem("body_too_large", {
    detail: `A body may have at most ${MAX_BODY_BYTES} bytes.`,
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
  } catch {
    throw new Problem("malformed_json", { detail: "The body is not valid JSON." });
  }
  if (typeof value !== "object" || value === null) return value;
  const source = sources.get(value);
  return source === undefined ? value : { ...value, amount: source };
}
