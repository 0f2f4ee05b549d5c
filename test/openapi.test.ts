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
  parameters?: { name: string; in: string; description?: string; schema: Schema }[];
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
  it("has an operationId that is a verb and a noun, and that no other has", () => {
    const ids = operations.map(({ operationId = "" }) => operationId);
    expect(ids.filter((id) => !/^[a-z]+([A-Z][a-z]+)+$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain("createTransaction");
  });

  it("has a summary and a description, and so has each of its parameters", () => {
    for (const { operationId, summary, description, parameters = [] } of operations) {
      for (const text of [summary, description, ...parameters.map((one) => one.description)]) {
        expect(text, operationId).toMatch(/\S/);
      }
    }
  });

  it("says who may call it, also when everybody may", () => {
    for (const { operationId, path, security } of operations) {
      expect(security, operationId).toHaveLength(path.startsWith("/api/") ? 1 : 0);
    }
  });

  it("has a tag that is described", () => {
    const described = document.tags.map(({ name }) => name);
    expect(document.tags.every(({ description }) => /\S/.test(description))).toBe(true);
    const used = new Set(operations.flatMap(({ tags }) => tags));
    expect([...used].sort()).toEqual(described.sort());
  });

  it("declares the header fields of its responses", () => {
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
      "Idempotent-Replayed",
      "Location",
      "Processor-Mode",
      "RateLimit",
      "RateLimit-Policy",
      "Request-Id",
    ]);
  });

  it("declares Processor-Mode on every answer that is one transaction", () => {
    const answers = operations.flatMap(({ operationId, responses }) =>
      Object.entries(responses).map(([status, answer]) => ({ ...answer, operationId, status })),
    );
    const told = answers.filter(
      ({ content }) =>
        content?.["application/json"]?.schema.$ref === "#/components/schemas/Transaction",
    );
    expect(told.length).toBeGreaterThan(6);
    const silent = told.filter(({ headers }) => !headers?.["Processor-Mode"]);
    expect(silent.map(({ operationId, status }) => `${operationId} ${status}`)).toEqual([]);
  });

  it("links a created transaction to what can be done with it", () => {
    const links = operations.flatMap(({ responses }) =>
      Object.values(responses).flatMap(({ links = {} }) => Object.values(links)),
    );
    expect(links.map(({ operationId }) => operationId)).toContain("processTransaction");
    for (const { operationId, parameters } of links) {
      const target = operations.find((one) => one.operationId === operationId);
      expect(target?.parameters?.map(({ name }) => name)).toEqual(Object.keys(parameters));
    }
  });
});

describe("a schema in openapi.json", () => {
  it("says how wide its numbers are", () => {
    expect(placesOf((one) => typesOf(one).includes("number") && one.format !== "double")).toEqual(
      [],
    );
    const isInt = ({ format = "" }: Schema) => ["int32", "int64"].includes(format);
    expect(placesOf((one) => typesOf(one).includes("integer") && !isInt(one))).toEqual([]);
    expect(schemas.Transaction?.properties?.amount_minor?.format).toBe("int64");
  });

  it("uses no word that a generator stumbles over", () => {
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

  it("leaves a choice with an object among it open, and closes one between other types", () => {
    for (const [place, { oneOf = [], anyOf = [] }] of all) {
      const types = [...oneOf, ...anyOf].flatMap(typesOf);
      // Without a type a choice says which members an object must have; of that generators make objects without any.
      expect(types, place).not.toContain(undefined);
      expect(new Set(types).size, place).toBe(types.length);
      if (oneOf.length > 0) expect(types, place).not.toContain("object");
      if (anyOf.length > 0) expect(types, place).toContain("object");
    }
    const { amount } = schemas.RiskCondition?.properties ?? {};
    expect(amount?.properties?.above?.anyOf?.map(typesOf)).toEqual([["string"], ["object"]]);
    expect(schemas.CreateTransaction?.properties?.amount?.oneOf).toHaveLength(2);
  });

  it("has a name that no generated constructor or inner type takes", () => {
    const names = Object.keys(schemas);
    const inner = names.flatMap((name) =>
      Object.entries(schemas[name]?.properties ?? {})
        .filter(([, { $ref }]) => $ref === undefined)
        .map(([member]) => name + pascal(member)),
    );
    expect(names.filter((name) => inner.includes(name))).toEqual([]);
    expect(names.filter((name) => /^New[A-Z]/.test(name))).toEqual([]);
  });

  it("is named where it is a closed set of words that more than one place has", () => {
    const sets = all
      .filter(([place, { enum: words }]) => words && place.includes(".") && !words.includes(null))
      .map(([, { enum: words }]) => JSON.stringify(words));
    expect(sets.filter((one, at) => sets.indexOf(one) !== at)).toEqual([]);
    expect(schemas.ProblemCode?.enum?.toSorted()).toEqual(Object.keys(PROBLEMS).sort());
  });

  it("has an example for every property", () => {
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
  it("names no site that somebody could own, and is no webhook URL of a payment", () => {
    const hosts = JSON.stringify(document).match(/https?:\/\/[^/"]+/g) ?? [];
    expect(hosts.filter((host) => !/(\.example|\/example\.com)$/.test(host))).toEqual([]);
    expect(schemas.CreateTransaction?.example).not.toHaveProperty("webhook_url");
    expect(schemas.CreateWebhookEndpoint?.example).toMatchObject({ enabled: false });
  });

  it("is filled in for no query parameter, where it would ask for something else", () => {
    const filled = operations.flatMap(({ parameters = [] }) =>
      parameters.filter((one) => one.in === "query" && one.schema.example !== undefined),
    );
    expect(filled).toEqual([]);
  });
});
