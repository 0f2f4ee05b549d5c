/** openapi.json as code generators and linters read it. docs/generators.md says which tool needs what. */
import { describe, expect, it } from "vitest";
import document from "../openapi.json";
import { PROBLEMS } from "../src/api/http/problem";

type Schema = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  example?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
};
type Operation = {
  operationId?: string;
  summary?: string;
  description?: string;
  tags: string[];
  security?: object[];
  parameters?: {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema: Schema;
  }[];
  responses: Record<string, Response>;
};
type Response = {
  headers?: Record<string, { $ref: string }>;
  content?: Record<string, { schema: Schema }>;
  links?: Record<string, { operationId: string; parameters: Record<string, string> }>;
};

const schemas = document.components.schemas as unknown as Record<string, Schema>;
const operations = Object.entries(
  document.paths as unknown as Record<string, Record<string, Operation>>,
).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method })),
);

/** Every schema in a schema, itself included, with its place. */
function* within(place: string, schema: Schema): Generator<[string, Schema]> {
  yield [place, schema];
  for (const [name, one] of Object.entries(schema.properties ?? {})) {
    yield* within(`${place}.${name}`, one);
  }
  if (schema.items) yield* within(`${place}[]`, schema.items);
  if (typeof schema.additionalProperties === "object") {
    yield* within(`${place}.*`, schema.additionalProperties);
  }
  for (const one of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    yield* within(`${place}|`, one);
  }
}

const all = [
  ...Object.entries(schemas),
  ...operations.flatMap(({ operationId, parameters = [] }) =>
    parameters.map(({ name, schema }): [string, Schema] => [`${operationId}(${name})`, schema]),
  ),
].flatMap(([name, schema]) => [...within(name, schema)]);
const pascal = (name: string) =>
  name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
const placesOf = (isWrong: (schema: Schema) => boolean) =>
  all.filter(([, schema]) => isWrong(schema)).map(([place]) => place);
const typesOf = ({ type }: Schema) => [type].flat();

describe("an operation in openapi.json", () => {
  it("Each operation in openapi.json has an operationId of a verb and a noun that no other operation has", () => {
    const ids = operations.map(({ operationId = "" }) => operationId);
    expect(ids.filter((id) => !/^[a-z]+([A-Z][a-z]+)+$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain("createTransaction");
  });

  it("Each operation in openapi.json has a summary and a description, and so has each of its parameters", () => {
    for (const { operationId, summary, description, parameters = [] } of operations) {
      for (const text of [summary, description, ...parameters.map((one) => one.description)]) {
        expect(text, operationId).toMatch(/\S/);
      }
    }
  });

  it("Each operation in openapi.json declares its security, also when it needs none", () => {
    for (const { operationId, path, security } of operations) {
      expect(security, operationId).toHaveLength(path.startsWith("/api/") ? 1 : 0);
    }
  });

  it("Each operation in openapi.json has a tag that is described", () => {
    const described = document.tags.map(({ name }) => name);
    expect(document.tags.every(({ description }) => /\S/.test(description))).toBe(true);
    const used = new Set(operations.flatMap(({ tags }) => tags));
    expect([...used].sort()).toEqual(described.sort());
  });

  it("Each operation in openapi.json declares the header fields of its responses", () => {
    for (const { operationId, responses } of operations) {
      for (const [status, { headers = {} }] of Object.entries(responses)) {
        const at = `${operationId} ${status}`;
        expect(Object.keys(headers), at).toContain("Request-Id");
        if (status === "401") expect(Object.keys(headers), at).toContain("WWW-Authenticate");
        if (status === "202" && operationId === "processTransaction") {
          expect(Object.keys(headers)).toContain("Retry-After");
        }
        if (status === "429" || (status === "503" && operationId !== "getReadiness")) {
          expect(Object.keys(headers), at).toContain("Retry-After");
        }
      }
    }
    const { headers } = document.paths["/api/v1/transactions"].post.responses[201];
    expect(Object.keys(headers).sort()).toEqual([
      "ETag",
      "Idempotent-Replayed",
      "Location",
      "Processor-Mode",
      "RateLimit",
      "RateLimit-Policy",
      "Request-Id",
    ]);
  });

  it("Each operation in openapi.json declares ETag and Processor-Mode on every response that is one transaction", () => {
    const answers = operations.flatMap(({ operationId, responses }) =>
      Object.entries(responses).map(([status, answer]) => ({ ...answer, operationId, status })),
    );
    const told = answers.filter(
      ({ content }) =>
        content?.["application/json"]?.schema.$ref === "#/components/schemas/Transaction",
    );
    expect(told.length).toBeGreaterThan(6);
    const silent = told.filter(({ headers }) => !(headers?.ETag && headers["Processor-Mode"]));
    expect(silent.map(({ operationId, status }) => `${operationId} ${status}`)).toEqual([]);
  });

  it("openapi.json links a created transaction to the operations on it", () => {
    const links = operations.flatMap(({ responses }) =>
      Object.values(responses).flatMap(({ links = {} }) => Object.values(links)),
    );
    expect(links.map(({ operationId }) => operationId)).toContain("processTransaction");
    for (const { operationId, parameters } of links) {
      const target = operations.find((one) => one.operationId === operationId);
      const needed = target?.parameters?.filter(({ required }) => required);
      expect(needed?.map(({ name }) => name)).toEqual(Object.keys(parameters));
    }
  });
});

describe("a schema in openapi.json", () => {
  it("Each schema in openapi.json declares the format of its numbers", () => {
    expect(placesOf((one) => typesOf(one).includes("number") && one.format !== "double")).toEqual(
      [],
    );
    const isInt = ({ format = "" }: Schema) => ["int32", "int64"].includes(format);
    expect(placesOf((one) => typesOf(one).includes("integer") && !isInt(one))).toEqual([]);
    expect(schemas.Transaction?.properties?.amount_minor?.format).toBe("int64");
  });

  it("No schema in openapi.json uses a keyword that code generators misread", () => {
    const words = ["allOf", "not", "exclusiveMinimum", "exclusiveMaximum", "nullable"];
    for (const [place, schema] of all) {
      // Only query parameters may have a default: it says nothing about what has to be sent.
      const refused = place.includes("(") ? words : [...words, "default"];
      expect(
        Object.keys(schema).filter((word) => refused.includes(word)),
        place,
      ).toEqual([]);
    }
  });

  it("A choice with an object in openapi.json is open, and one between other types is closed", () => {
    for (const [place, { oneOf = [], anyOf = [] }] of all) {
      const types = [...oneOf, ...anyOf].flatMap(typesOf);
      // Without a type a choice says which members an object must have; of that generators make objects without any.
      expect(types, place).not.toContain(undefined);
      expect(new Set(types).size, place).toBe(types.length);
      if (oneOf.length > 0) expect(types, place).not.toContain("object");
      if (anyOf.length > 0) expect(types, place).toContain("object");
    }
    expect(schemas.RiskAmount?.anyOf?.map(typesOf)).toEqual([["string"], ["object"]]);
    expect(schemas.CreateTransaction?.properties?.amount?.oneOf).toHaveLength(2);
  });

  it("A choice with a list or an object in openapi.json is a named schema, which a generator can map", () => {
    const isMixed = ({ oneOf = [], anyOf = [] }: Schema) =>
      [...oneOf, ...anyOf].flatMap(typesOf).some((type) => type === "array" || type === "object");
    const named = Object.keys(schemas).filter((name) => isMixed(schemas[name] ?? {}));
    expect(named).toEqual(["RiskAmount", "RiskCurrencies", "RiskThreshold"]);
    expect(placesOf(isMixed)).toEqual(named);
  });

  it("No schema in openapi.json has the name of a generated constructor or inner type", () => {
    const names = Object.keys(schemas);
    const inner = names.flatMap((name) =>
      Object.entries(schemas[name]?.properties ?? {})
        .filter(([, { $ref }]) => $ref === undefined)
        .map(([member]) => name + pascal(member)),
    );
    expect(names.filter((name) => inner.includes(name))).toEqual([]);
    expect(names.filter((name) => /^New[A-Z]/.test(name))).toEqual([]);
  });

  it("A closed set of words that openapi.json uses more than once is a named schema", () => {
    const sets = all
      .filter(([place, { enum: words }]) => words && place.includes(".") && !words.includes(null))
      .map(([, { enum: words }]) => JSON.stringify(words));
    expect(sets.filter((one, at) => sets.indexOf(one) !== at)).toEqual([]);
    expect(schemas.ProblemCode?.enum?.toSorted()).toEqual(Object.keys(PROBLEMS).sort());
  });

  it("No description in openapi.json states two defaults", () => {
    const twice = all.filter(
      ([, { description = "" }]) => description.split("Default:").length > 2,
    );
    expect(twice.map(([place]) => place)).toEqual([]);
  });

  it("Each property in openapi.json has an example", () => {
    const isShownInside = ({ $ref, properties, items }: Schema) =>
      $ref !== undefined || properties !== undefined || items?.$ref !== undefined;
    const missing = all
      .filter(([place]) => /\.\w+$/.test(place))
      .filter(([, one]) => typesOf(one)[0] && one.example === undefined && !isShownInside(one))
      .map(([place]) => place);
    expect(missing).toEqual([]);
  });
});

describe("an example in openapi.json", () => {
  it("No example in openapi.json names a site that can be registered, or is a webhook URL of a payment", () => {
    const hosts = JSON.stringify(document).match(/https?:\/\/[^/"]+/g) ?? [];
    expect(hosts.filter((host) => !/(\.example|\/example\.com)$/.test(host))).toEqual([]);
    expect(schemas.CreateTransaction?.example).not.toHaveProperty("webhook_url");
    expect(schemas.CreateWebhookEndpoint?.example).toMatchObject({ enabled: false });
  });

  it("No optional query parameter in openapi.json has an example that would filter the list", () => {
    const filled = operations.flatMap(({ parameters = [] }) =>
      parameters.filter(
        (one) => one.in === "query" && !one.required && one.schema.example !== undefined,
      ),
    );
    expect(filled).toEqual([]);
  });
});
