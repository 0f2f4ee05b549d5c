/** Builds the OpenAPI 3.1 document from the declared routes. */
import { type App, type HeaderName, TAGS } from "./define-route";
import { plainSchemas } from "./plain-schemas";

type Document = ReturnType<App["getOpenAPI31Document"]>;
const string = (example: string) => ({ type: "string", example }) as const;
/** Header fields of responses. docs/limits.md explains the quotas. */
const HEADERS: Record<HeaderName, { description: string; schema: object }> = {
  "Request-Id": {
    description: "Unique id of the request. It also appears in the log.",
    schema: string("req_4f1c7d1f0e6b4a0c9d3e5b7a8c6d2e10"),
  },
  Location: {
    description: "Path of what was created on this server.",
    schema: string("/api/v1/transactions/txn_mfzwizlhn5xgs3dpnrsw45dfoi"),
  },
  ETag: {
    description:
      "The `version` of the transaction in quotes, for `If-Match`. A proxy that compresses the response can make it a weak tag, which is no valid `If-Match`.",
    schema: string('"3"'),
  },
  "Idempotent-Replayed": {
    description:
      "`true` if the idempotency key was already used: nothing was created, and this is the response to the first request.",
    schema: { type: "string", enum: ["true"], example: "true" },
  },
  "Processor-Mode": {
    description:
      "`sandbox` if the deployment uses the sandbox processor or the transaction was created with it: no money moves. Otherwise absent.",
    schema: { type: "string", enum: ["sandbox"], example: "sandbox" },
  },
  "Retry-After": {
    description: "Number of seconds to wait before retrying.",
    schema: { type: "integer", format: "int32", minimum: 1, example: 2 },
  },
  "Data-Age": {
    description:
      "How old the page may be, in seconds: changes since then may be missing, because D1 or a shard does not respond. Absent if the page is complete.",
    schema: { type: "integer", format: "int64", minimum: 1, example: 12 },
  },
  RateLimit: {
    description:
      "Remaining requests (`r`) of each quota and the number of seconds (`t`) until it resets: a list of structured fields (RFC 9651, draft-ietf-httpapi-ratelimit-headers-11). Absent while the remaining quota is unknown.",
    schema: string('"requests";r=0;t=45'),
  },
  "RateLimit-Policy": {
    description: "Quotas that apply to this operation: `q` requests in `w` seconds.",
    schema: string('"requests";q=6000;w=60'),
  },
  "WWW-Authenticate": {
    description: "The required authentication scheme (RFC 6750).",
    schema: string('Bearer realm="payments", error="invalid_token"'),
  },
};

/** The library has the type of OpenAPI 3.0, which has no SPDX identifier. */
const LICENSE = { name: "MIT", identifier: "MIT" };

let built: Document | undefined;

export function openApiDocument(app: App): Document {
  built ??= buildDocument(app);
  return built;
}

function buildDocument(app: App): Document {
  app.openAPIRegistry.registerComponent("securitySchemes", "api_key", {
    type: "http",
    scheme: "bearer",
    description: "API key of a merchant, `sk_…`.",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "admin_token", {
    type: "http",
    scheme: "bearer",
    description: "Admin token of the deployment (setting `ADMIN_TOKEN`).",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "stripe_signature", {
    type: "apiKey",
    in: "header",
    name: "Stripe-Signature",
    description:
      "Time and signatures, `t=SECONDS,v1=HEX`. A signature is the HMAC-SHA256 of the time, a full stop and the body, under a secret of the webhook endpoint (setting `STRIPE_WEBHOOK_SECRET`).",
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
        "Create a transaction under an idempotency key, charge it once, and retrieve it. Errors are RFC 9457 problem documents with a `code` from a fixed set.",
      license: LICENSE,
    },
    servers: [{ url: "/" }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  });
  return plainSchemas(document);
}
