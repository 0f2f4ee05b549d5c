/** Reading requests: bodies and queries become checked values, or a problem that names the field. */
import type * as z from "zod";
import type { AppContext } from "./context";
import { type FieldFault, Problem } from "./problem";

/** Twice what the largest allowed metadata takes; every byte more is somebody's mistake or worse. */
export const MAX_BODY_BYTES = 65_536;
/** Enough to mend a form, without letting a hostile body choose the size of our answer. */
const MAX_FAULTS = 20;

/** The JSON body, checked by `schema`. */
export async function readBody<Schema extends z.ZodType>(
  c: AppContext,
  schema: Schema,
): Promise<z.output<Schema>> {
  const mediaType = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    throw new Problem("unsupported_media_type", {
      detail: "Send the body with Content-Type: application/json.",
    });
  }
  return checked(schema, parseJson(await readText(c)));
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
  const errors = parsed.error.issues.flatMap(faultsOf).slice(0, MAX_FAULTS);
  const detail = errors.map(({ pointer, message }) => `${pointer.slice(2)} ${message}`).join("; ");
  const isCard = parsed.error.issues.some(
    (issue) => issue.code === "custom" && issue.params?.code === "card_number_refused",
  );
  throw new Problem(isCard ? "card_number_refused" : "invalid_request", {
    detail: `${detail}.`,
    errors,
  });
}

function faultsOf(issue: z.core.$ZodIssue): FieldFault[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      pointer: pointerOf([...issue.path, key]),
      message: "is not a known field",
    }));
  }
  const message =
    issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [{ pointer: pointerOf(issue.path), message }];
}

/** A name longer than this is cut in an answer. */
const MAX_POINTER_CHARACTERS = 100;

/** RFC 6901, as a URI fragment. */
function pointerOf(path: PropertyKey[]): string {
  const names = path.map((name) => String(name).replaceAll("~", "~0").replaceAll("/", "~1"));
  return `#/${names.join("/").slice(0, MAX_POINTER_CHARACTERS)}`;
}

async function readText(c: AppContext): Promise<string> {
  if (Number(c.req.header("Content-Length") ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const { body } = c.req.raw;
  if (!body) return "";
  if (c.req.header("Content-Length") !== undefined) return decode(await c.req.arrayBuffer());

  const bytes = new Uint8Array(MAX_BODY_BYTES);
  let length = 0;
  for await (const chunk of body) {
    if (length + chunk.byteLength > MAX_BODY_BYTES) throw tooLarge();
    bytes.set(chunk, length);
    length += chunk.byteLength;
  }
  return decode(bytes.subarray(0, length));
}

function tooLarge(): Problem {
  return new Problem("body_too_large", {
    detail: `A body may have at most ${MAX_BODY_BYTES} bytes.`,
    headers: { Connection: "close" },
  });
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function decode(bytes: ArrayBuffer | Uint8Array): string {
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
