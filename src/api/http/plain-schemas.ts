/** The document's schemas in the words that code generators read. What validators take for equal, they do not:
 *  an integer without a format becomes 32 bits, a property with a default is demanded of whoever sends a body,
 *  and a reference with a description, written as `allOf`, becomes another type. docs/generators.md has what
 *  each tool does. */

/** As much of JSON Schema as is looked at here. */
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

/** @returns the same document with its schemas and parameters written plainly */
export function plainSchemas<Document extends { paths?: object; components?: object }>(
  document: Document,
): Document {
  // The library's types allow forms of OpenAPI 3.0 that it does not write here.
  const { schemas = {} } = (document.components ?? {}) as { schemas?: Record<string, Schema> };
  const components = { ...document.components, schemas: mapped(schemas, withoutDefault) };
  const paths = mapped((document.paths ?? {}) as Record<string, object>, (methods) =>
    mapped(methods as Record<string, { parameters?: Parameter[] }>, (operation) => ({
      ...operation,
      ...(operation.parameters ? { parameters: operation.parameters.map(plainParameter) } : {}),
    })),
  );
  return { ...document, paths, components };
}

/** A parameter says itself what it is; its schema need not say it again. An example of what may be left out
 *  would be filled in by interactive documentation and ask for something else. */
function plainParameter(parameter: Parameter): Parameter {
  const { description: _, example, ...schema } = plain(parameter.schema, (same) => same);
  const isShown = parameter.required && example !== undefined;
  return { ...parameter, schema: isShown ? { ...schema, example } : schema };
}

/** Says in words what is taken for a member that is not sent. */
function withoutDefault(schema: Schema): Schema {
  return plain(schema, ({ default: value, ...rest }) => {
    if (value === undefined) return rest;
    const isAll = Array.isArray(value) && value.length > 1;
    const sentence = `Not sent: ${isAll ? "all of them" : `\`${JSON.stringify(value)}\``}.`;
    return { ...rest, description: [rest.description, sentence].filter(Boolean).join(" ") };
  });
}

type Change = (schema: Schema) => Schema;

/** A schema and all within it, with `change` made to each. */
function plain(schema: Schema, change: Change): Schema {
  const inner = (one: Schema) => plain(one, change);
  const whole = change(withOneOf(withFormat(withoutAllOf(schema))));
  for (const name of ["allOf", "anyOf", "oneOf"] as const) {
    if (whole[name]) whole[name] = whole[name].map(inner);
  }
  if (whole.items) whole.items = inner(whole.items);
  if (whole.properties) whole.properties = mapped(whole.properties, inner);
  if (typeof whole.additionalProperties === "object") {
    whole.additionalProperties = inner(whole.additionalProperties);
  }
  return whole;
}

/** A reference with a description of its own, which OpenAPI 3.1 lets stand beside it. */
function withoutAllOf({ allOf, ...rest }: Schema): Schema {
  if (allOf === undefined) return rest;
  // What adds to a type, or takes from it, has to be written out where it is declared.
  if (allOf.some(({ $ref, type }) => $ref === undefined && type !== undefined)) {
    throw new TypeError(`a schema adds to another: ${JSON.stringify(allOf)}`);
  }
  return Object.assign({}, ...allOf, rest);
}

/** Of different types a value can only have one, which makes a choice that generators have a type for. Of a choice
 *  with an object among them typescript-fetch sends `{}` for every object, so that one stays `anyOf`. */
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

function mapped<From, To>(
  record: Record<string, From>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
