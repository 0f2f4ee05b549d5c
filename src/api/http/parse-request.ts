/** The parts of a request as a route declares them, and how they are parsed before its handler runs. */
import type { RouteConfig } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import type { AppContext } from "../context";
import { readBody, readOptionalBody, readQuery } from "./request-body";

/** A schema, or a function that selects one by the deployment's settings or by the merchant. */
type Check = z.ZodType | ((c: AppContext) => z.ZodType);
/** Two schemas where code generators need a simpler shape than the check has (docs/generators.md): openapi.json has
 *  the first, and requests are parsed by the second. */
type Pair = { documentedAs: z.ZodType; checkedBy: Check };
/** A part that has its own parser, which may look something up. It throws a Problem. */
type Custom<Schema extends z.ZodType = z.ZodObject> = {
  documentedAs: Schema;
  parsedBy: (c: AppContext) => unknown;
};

/** Parts are parsed in the order of these members; the first part with a fault ends the request. */
export type RequestParts = {
  params?: Custom;
  query?: z.ZodType | Pair;
  headers?: Custom;
  /** A JSON body. */
  body?:
    | z.ZodType
    | (Pair & { mayBeAbsent?: true; isUndocumented?: true; max_bytes?: number })
    | Custom<z.ZodType>;
};

type Output<Part> = Part extends { parsedBy: (c: AppContext) => infer Value }
  ? Awaited<Value>
  : Part extends { checkedBy: (c: AppContext) => infer Schema }
    ? z.output<Schema>
    : Part extends { checkedBy: infer Schema }
      ? z.output<Schema>
      : z.output<Part>;

/** The parsed parts, under the names they are declared by. */
export type ParsedRequest<Parts extends RequestParts> = {
  [Name in keyof Parts]: Output<Parts[Name]>;
};

/** Path parameters. @param parse checks them, or looks up what they name; without it they stay as they are */
export function pathParams<Shape extends z.ZodObject>(
  shape: Shape,
): { documentedAs: Shape; parsedBy: (c: AppContext) => z.output<Shape> };
export function pathParams<Shape extends z.ZodObject, Value>(
  shape: Shape,
  parse: (params: z.output<Shape>, c: AppContext) => Value,
): { documentedAs: Shape; parsedBy: (c: AppContext) => Value };
export function pathParams<Shape extends z.ZodObject>(
  shape: Shape,
  parse: (params: z.output<Shape>, c: AppContext) => unknown = (params) => params,
) {
  return { documentedAs: shape, parsedBy: (c: AppContext) => parse(shape.parse(c.req.param()), c) };
}

/** A body that may be left out, which is parsed as an empty object then. */
export function optionalBody<Schema extends z.ZodType>(schema: Schema) {
  return { documentedAs: schema, checkedBy: schema, mayBeAbsent: true } as const;
}

/** The body of an operation that has none, which openapi.json does not mention. One that is sent all the same may have no
 *  members: their sender would expect something that does not happen. */
export const emptyBody = { ...optionalBody(z.strictObject({})), isUndocumented: true } as const;

/** Parses the parts that `parts` declares. @throws Problem */
export async function parseRequest<Parts extends RequestParts>(
  c: AppContext,
  parts: Parts,
): Promise<ParsedRequest<Parts>> {
  const { params, query, headers, body }: RequestParts = parts;
  const parsed: Partial<Record<keyof RequestParts, unknown>> = {};
  if (params) parsed.params = await params.parsedBy(c);
  if (query) parsed.query = readQuery(c, selectSchema(c, query));
  if (headers) parsed.headers = await headers.parsedBy(c);
  if (body) parsed.body = await parseBody(c, body);
  return parsed as ParsedRequest<Parts>; // Each part was parsed by its own declaration.
}

function parseBody(c: AppContext, body: NonNullable<RequestParts["body"]>): unknown {
  if ("parsedBy" in body) return body.parsedBy(c);
  const schema = selectSchema(c, body);
  if ("mayBeAbsent" in body) return readOptionalBody(c, schema);
  return readBody(c, schema, "max_bytes" in body ? body.max_bytes : undefined);
}

function selectSchema(c: AppContext, part: z.ZodType | Pair): z.ZodType {
  if (!("checkedBy" in part)) return part;
  return typeof part.checkedBy === "function" ? part.checkedBy(c) : part.checkedBy;
}

/** The parts as openapi.json documents them. */
export function documentRequest({
  params,
  query,
  headers,
  body,
}: RequestParts): NonNullable<RouteConfig["request"]> {
  return {
    ...(params && { params: params.documentedAs }),
    ...(query && { query: selectShape(query) as z.ZodObject }), // Parameters are members of an object.
    ...(headers && { headers: headers.documentedAs }),
    ...(body &&
      !("isUndocumented" in body) && {
        body: {
          required: !("mayBeAbsent" in body),
          content: { "application/json": { schema: selectShape(body) } },
        },
      }),
  };
}

const selectShape = (part: z.ZodType | Pair | Custom<z.ZodType>): z.ZodType =>
  "documentedAs" in part ? part.documentedAs : part;
