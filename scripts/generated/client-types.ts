// The generated part of clients/typescript: a type for each schema that an API key can send or receive, and a table of
// the operations. openapi.json is flat (docs/generators.md), so that few forms of JSON Schema have to be translated; a
// form that is not known here is an error.

type Schema = {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: (string | number | null)[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
};
type Content = Record<string, { schema: Schema }>;
type Parameter = { name: string; in: string; required?: boolean; description?: string };
type Operation = {
  operationId: string;
  summary: string;
  security?: Record<string, unknown>[];
  parameters?: (Parameter & { schema: Schema })[];
  requestBody?: { content: Content };
  responses: Record<string, { content?: Content }>;
};
export type OpenApi = {
  components: { schemas: Record<string, Schema> };
  paths: Record<string, Record<string, Operation>>;
};

const HEADER = "// Written by `npm run generate` from openapi.json. Do not edit.\n";
const SCHEMA_REF = /"\$ref":"#\/components\/schemas\/(\w+)"/g;
const NAMES: Record<string, string> = {
  string: "string",
  integer: "number",
  number: "number",
  boolean: "boolean",
  null: "null",
};

const nameOf = (ref: string) => ref.slice(ref.lastIndexOf("/") + 1);
const keyOf = (name: string) => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name));
const unionOf = (types: string[]) => [...new Set(types)].join(" | ");

function comment(text: string | undefined, indent = ""): string {
  return text === undefined ? "" : `${indent}/** ${text.replaceAll("*/", "* /")} */\n`;
}

/** The members of an object type, one a line. */
function members(properties: Record<string, Schema>, required: string[]): string {
  const lines = Object.entries(properties).map(([name, schema]) => {
    const type = typeOf(schema);
    const member = required.includes(name) ? `: ${type}` : `?: ${type} | undefined`;
    return `${comment(schema.description, "  ")}  ${keyOf(name)}${member};\n`;
  });
  return `{\n${lines.join("")}}`;
}

function objectOf({ properties, required = [], additionalProperties }: Schema): string {
  if (properties) return members(properties, required);
  if (typeof additionalProperties === "object") {
    return `Record<string, ${typeOf(additionalProperties)}>`;
  }
  return "Record<string, unknown>";
}

/** The TypeScript type of a schema. @throws if the schema has a form that is not translated */
function typeOf(schema: Schema): string {
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.enum) return unionOf(schema.enum.map((value) => JSON.stringify(value)));
  const choice = schema.oneOf ?? schema.anyOf;
  if (choice) return unionOf(choice.map(typeOf));
  const types = [schema.type ?? []].flat().map((type) => {
    if (type === "object") return objectOf(schema);
    if (type === "array" && schema.items) return `Array<${typeOf(schema.items)}>`;
    const name = NAMES[type];
    if (name) return name;
    throw new Error(`A schema cannot be translated: ${JSON.stringify(schema)}`);
  });
  if (types.length === 0) throw new Error(`A schema has no type: ${JSON.stringify(schema)}`);
  return unionOf(types);
}

/** The names of the schemas that a value refers to, directly or through others. */
function listReferred(schemas: Record<string, Schema>, value: unknown, found = new Set<string>()) {
  for (const [, name = ""] of JSON.stringify(value).matchAll(SCHEMA_REF)) {
    if (found.has(name)) continue;
    found.add(name);
    listReferred(schemas, schemas[name], found);
  }
  return found;
}

/** What an API key may call, with its method and path. */
function listOperations(document: OpenApi) {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { security }]) => security?.some((scheme) => "api_key" in scheme))
      .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

const jsonOf = (content: Content | undefined) => content?.["application/json"]?.schema;

/** Body, query and result of an operation. */
function signature({ operationId, summary, parameters = [], requestBody, responses }: Operation) {
  const query = parameters.filter((parameter) => parameter.in === "query");
  const body = jsonOf(requestBody?.content);
  const results = Object.entries(responses)
    .filter(([status]) => status.startsWith("2"))
    .flatMap(([, { content }]) => jsonOf(content) ?? []);
  const lines = [
    ...(body ? [`body: ${typeOf(body)};`] : []),
    ...(query.length > 0 ? [`query: ${queryType(query)};`] : []),
    `result: ${results.length > 0 ? unionOf(results.map(typeOf)) : "undefined"};`,
  ];
  return `${comment(summary, "  ")}  ${operationId}: {\n${lines.join("\n")}\n};\n`;
}

function queryType(query: (Parameter & { schema: Schema })[]): string {
  const properties = query.map(({ name, description, schema }) => [
    name,
    { ...schema, ...(description !== undefined && { description }) },
  ]);
  const required = query.filter((parameter) => parameter.required).map(({ name }) => name);
  return members(Object.fromEntries(properties), required);
}

/** The text of schemas.ts. */
export function clientSchemas(document: OpenApi): string {
  const { schemas } = document.components;
  const operations = listOperations(document).map(({ operation }) => operation);
  const referred = listReferred(schemas, operations);
  const types = Object.entries(schemas)
    .filter(([name]) => referred.has(name))
    .map(
      ([name, schema]) => `${comment(schema.description)}export type ${name} = ${typeOf(schema)};`,
    );
  const table = `export type Operations = {\n${operations.map(signature).join("")}};`;
  return `${HEADER}\n${[...types, table].join("\n\n")}\n`;
}

/** The text of operations.ts. */
export function clientOperations(document: OpenApi): string {
  const rows = listOperations(document).map(
    ({ method, path, operation }) =>
      `  ${operation.operationId}: { method: ${JSON.stringify(method)}, path: ${JSON.stringify(path)} },`,
  );
  return `${HEADER}\n/** Method and path of each operation. */\nexport const OPERATIONS = {\n${rows.join("\n")}\n} as const;\n`;
}

/** The text of currency-decimals.ts. @param decimals by currency code */
export function clientCurrencies(decimals: Record<string, number>): string {
  const rows = Object.entries(decimals).map(([code, places]) => `  ${code}: ${places},`);
  const type = "Readonly<Record<string, number>>";
  return `${HEADER}\n/** Decimal places of each currency's minor unit. */\nexport const CURRENCY_DECIMALS: ${type} = {\n${rows.join("\n")}\n};\n`;
}
