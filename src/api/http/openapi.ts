/** The OpenAPI 3.1 document, made from the routes as they are declared. */
import { type App, type HeaderName, TAGS } from "./define-route";
import { plainSchemas } from "./plain-schemas";

type Document = ReturnType<App["getOpenAPI31Document"]>;
const string = (example: string) => ({ type: "string", example }) as const;
/** The fields of responses. docs/limits.md explains the quotas. */
const HEADERS: Record<HeaderName, { description: string; schema: object }> = {
  "Request-Id": {
    description: "Names this request in the log. Every response has one of its own.",
    schema: string("req_4f1c7d1f0e6b4a0c9d3e5b7a8c6d2e10"),
  },
  Location: {
    description: "Where the transaction is, relative to this server.",
    schema: string("/api/v1/transactions/txn_mfzwizlhn5xgs3dpnrsw45dfoi"),
  },
  "Idempotent-Replayed": {
    description: "`true` when the key was used before: nothing was done, and this is what it made.",
    schema: { type: "string", enum: ["true"], example: "true" },
  },
  "Processor-Mode": {
    description:
      "`sandbox` when the deployment charges with the sandbox, or the transaction was made with it: no money moves. Otherwise it is not there.",
    schema: { type: "string", enum: ["sandbox"], example: "sandbox" },
  },
  "Retry-After": {
    description: "Seconds after which it is worth trying again.",
    schema: { type: "integer", format: "int32", minimum: 1, example: 2 },
  },
  RateLimit: {
    description:
      "What is left (`r`) of each quota and the seconds (`t`) until it is whole again: a list of structured fields (RFC 9651, draft-ietf-httpapi-ratelimit-headers-11). Every answer to an API key has it while it is known.",
    schema: string('"requests";r=0;t=45'),
  },
  "RateLimit-Policy": {
    description:
      "The quotas that count for this operation: `q` requests in `w` seconds. Every answer to an API key has it.",
    schema: string('"requests";q=6000;w=60'),
  },
  "WWW-Authenticate": {
    description: "How to say who you are (RFC 6750).",
    schema: string('Bearer realm="payments", error="invalid_token"'),
  },
};

/** The library's type is that of OpenAPI 3.0, which had no SPDX identifier. */
const LICENSE = { name: "MIT", identifier: "MIT" };

let made: Document | undefined;

export function openApiDocument(app: App): Document {
  made ??= makeDocument(app);
  return made;
}

function makeDocument(app: App): Document {
  app.openAPIRegistry.registerComponent("securitySchemes", "api_key", {
    type: "http",
    scheme: "bearer",
    description: "A merchant's API key, `sk_…`.",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "admin_token", {
    type: "http",
    scheme: "bearer",
    description: "The deployment's ADMIN_TOKEN.",
  });
  for (const [name, header] of Object.entries(HEADERS)) {
    app.openAPIRegistry.registerComponent("headers", name, header);
  }
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Payment transactions",
      version: "1.0.0",
      description:
        "Create a transaction under an idempotency key, charge it once, and find it again. Errors are RFC 9457 problems with a `code` from a closed set.",
      license: LICENSE,
    },
    servers: [{ url: "/" }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  });
  return plainSchemas(document);
}
