/** Requests as handlers receive them: parsed by the schemas that their routes declare. */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { describe, expect, it } from "vitest";
import type { AppEnv } from "../../../../src/api/context";
import {
  documentRequest,
  optionalBody,
  parseRequest,
  pathParams,
  type RequestParts,
} from "../../../../src/api/http/parse-request";
import { Problem } from "../../../../src/api/http/problem";

const PATH = "/things/:id";
const Body = z.strictObject({ name: z.string("must be a string") });
const Query = z.strictObject({ limit: z.string().optional() });
const params = pathParams(z.object({ id: z.string() }), ({ id }) => {
  if (id === "unknown") throw new Problem("transaction_not_found");
  return { id };
});

const headers = {
  documentedAs: z.object({ "Idempotency-Key": z.string() }),
  parsedBy: () => {
    throw new Problem("idempotency_key_missing");
  },
};

/** What a handler receives, or the code of the problem. */
async function parsed(parts: RequestParts, path: string, body?: string): Promise<unknown> {
  const app = new OpenAPIHono<AppEnv>();
  let result: unknown;
  app.post(PATH, async (c) => {
    result = await parseRequest(c, parts).catch((fault: unknown) =>
      fault instanceof Problem ? fault.code : fault,
    );
    return c.body(null);
  });
  const json = { "Content-Type": "application/json" };
  await app.request(path, {
    method: "POST",
    ...(body === undefined ? {} : { body, headers: json }),
  });
  return result;
}

describe("parseRequest", () => {
  it("parseRequest returns every declared part under its name", async () => {
    const parts = { params, query: Query, body: Body };
    expect(await parsed(parts, "/things/a?limit=5", '{"name":"1"}')).toEqual({
      params: { id: "a" },
      query: { limit: "5" },
      body: { name: "1" },
    });
  });

  it("parseRequest ignores the parts that are not declared", async () => {
    expect(await parsed({}, "/things/unknown?other=1", "no JSON")).toEqual({});
  });

  it.each([
    ["/things/unknown?other=1", "transaction_not_found"],
    ["/things/a?other=1", "invalid_request"],
    ["/things/a", "idempotency_key_missing"],
  ])(
    "parseRequest reports the first part with a fault: params, query, headers, body (%s)",
    async (path, code) => {
      const parts = { body: Body, headers, query: Query, params };
      expect(await parsed(parts, path, "no JSON")).toBe(code);
    },
  );

  it("parseRequest parses a missing body as an empty object only if it is optional", async () => {
    const Optional = z.strictObject({ pause_s: z.int().default(0) });
    expect(await parsed({ body: optionalBody(Optional) }, "/things/a")).toEqual({
      body: { pause_s: 0 },
    });
    expect(await parsed({ body: Optional }, "/things/a")).toBe("unsupported_media_type");
  });

  it("parseRequest checks a body by the second schema of a pair", async () => {
    const pair = { documentedAs: z.object({}), checkedBy: () => Body };
    expect(await parsed({ body: pair }, "/things/a", '{"name":1}')).toBe("invalid_request");
    expect(await parsed({ body: pair }, "/things/a", '{"name":"1"}')).toEqual({
      body: { name: "1" },
    });
  });
});

describe("documentRequest", () => {
  it("documentRequest documents the first schema of a pair, and which bodies are required", () => {
    const shape = z.object({ flat: z.string() });
    const pair = { documentedAs: shape, checkedBy: Body };
    expect(documentRequest({ body: pair, query: pair }).query).toBe(shape);
    expect(documentRequest({ body: pair }).body).toEqual({
      required: true,
      content: { "application/json": { schema: shape } },
    });
    expect(documentRequest({ body: optionalBody(Body) }).body).toMatchObject({ required: false });
  });
});
