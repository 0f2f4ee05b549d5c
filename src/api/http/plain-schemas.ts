/** Rewrites the document's schemas for code generators, which treat equivalent schemas differently: an integer
 *  without a format becomes 32 bits wide, a body's property with a default becomes required, and a reference with
 *  a description, written as `allOf`, becomes a new type. docs/generators.md lists the tools. */

/** The part of JSON Schema that is used here. */
type Schema = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  default?: unknown;
  example?: unknown;
  maximum?: number;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
};
type Parameter = { required?: boolean; description?: string; schema: Schema };

const MAX_INT32 = 2_147_483_647;

/** @returns the same document with rewritten schemas and parameters */
export function plainSchemas<Document extends { paths?: object; components?: object }>(
  document: Document,
): Document {
  // The library's types allow forms of OpenAPI 3.0 that it does not write here.
  const { schemas = {} } = (document.components ?? {}) as { schemas?: Record<string, Schema> };
  const components = { ...document.components, schemas: mapValues(schemas, withoutDefault) };
  const paths = mapValues((document.paths ?? {}) as Record<string, object>, (methods) =>
    mapValues(methods as Record<string, { parameters?: Parameter[] }>, (operation) => ({
      ...operation,
      ...(operation.parameters ? { parameters: operation.parameters.map(rewriteParameter) } : {}),
    })),
  );
  return { ...document, paths, components };
}

/** Removes the description that the schema repeats. An optional parameter loses its example, because interactive
 *  documentation would send it. */
function rewriteParameter(parameter: Parameter): Parameter {
  const { description: _, example, ...schema } = rewriteSchema(parameter.schema, (same) => same);
  const isShown = parameter.required && example !== undefined;
  return { ...parameter, schema: isShown ? { ...schema, example } : schema };
}

const DEFAULT = "Default: ";

/** Moves the default of a member into its description, unless that states it in words. */
function withoutDefault(schema: Schema): Schema {
  return rewriteSchema(schema, ({ default: value, ...rest }) => {
    if (value === undefined || rest.description?.includes(DEFAULT)) return rest;
    const sentence = `${DEFAULT}\`${JSON.stringify(value)}\`.`;
    return { ...rest, description: [rest.description, sentence].filter(Boolean).join(" ") };
  });
}

type Change = (schema: Schema) => Schema;

/** Applies `change` to a schema and to all schemas inside it. */
function rewriteSchema(schema: Schema, change: Change): Schema {
  const inner = (one: Schema) => rewriteSchema(one, change);
  const rewritten = change(withOneOf(withFormat(withoutAllOf(schema))));
  for (const name of ["allOf", "anyOf", "oneOf"] as const) {
    if (rewritten[name]) rewritten[name] = rewritten[name].map(inner);
  }
  if (rewritten.items) rewritten.items = inner(rewritten.items);
  if (rewritten.properties) rewritten.properties = mapValues(rewritten.properties, inner);
  if (typeof rewritten.additionalProperties === "object") {
    rewritten.additionalProperties = inner(rewritten.additionalProperties);
  }
  return rewritten;
}

/** Writes a description next to the reference, as OpenAPI 3.1 allows. */
function withoutAllOf({ allOf, ...rest }: Schema): Schema {
  if (allOf === undefined) return rest;
  // A schema that extends another one has to be declared with all its members.
  if (allOf.some(({ $ref, type }) => $ref === undefined && type !== undefined)) {
    throw new TypeError(`a schema extends another one: ${JSON.stringify(allOf)}`);
  }
  return Object.assign({}, ...allOf, rest);
}

/** A choice between different types is written as `oneOf`, which generators have a type for. With an object among them
 *  typescript-fetch would send `{}` for every object, so that choice stays `anyOf`. */
function withOneOf({ anyOf, ...rest }: Schema): Schema {
  if (anyOf === undefined) return rest;
  const types = anyOf.flatMap(({ type }) => type ?? []);
  const isOneOf =
    types.length === anyOf.length &&
    new Set(types).size === types.length &&
    !types.includes("object");
  return isOneOf ? { ...rest, oneOf: anyOf } : { ...rest, anyOf };
}

function withFormat(schema: Schema): Schema {
  if (schema.format !== undefined) return schema;
  const types = [schema.type].flat();
  if (types.includes("number")) return { ...schema, format: "double" };
  if (!types.includes("integer")) return schema;
  const { maximum = Number.POSITIVE_INFINITY } = schema;
  return { ...schema, format: maximum <= MAX_INT32 ? "int32" : "int64" };
}

function mapValues<From, To>(
  record: Record<string, From>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
