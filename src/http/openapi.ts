/** The OpenAPI 3.1 document, made from the routes as they are declared. */
import type { App } from "./operation";

type Document = ReturnType<App["getOpenAPI31Document"]>;
/** The fields of an answer to somebody who came too often. docs/limits.md explains the quotas. */
const HEADERS = {
  "Retry-After": {
    description: "Seconds after which it is worth trying again.",
    schema: { type: "integer", minimum: 1 },
  },
  RateLimit: {
    description:
      "What is left (`r`) of each quota and the seconds (`t`) until it is whole again: a list of structured fields (RFC 9651, draft-ietf-httpapi-ratelimit-headers-11). Every answer to an API key has it while it is known.",
    schema: { type: "string", example: '"requests";r=0;t=45' },
  },
  "RateLimit-Policy": {
    description:
      "The quotas that count for this operation: `q` requests in `w` seconds. Every answer to an API key has it.",
    schema: { type: "string", example: '"requests";q=6000;w=60' },
  },
} as const;

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
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Payment transactions",
      version: "1.0.0",
      description:
        "Create a transaction under an idempotency key, charge it once, and find it again. Errors are RFC 9457 problems with a `code` from a closed set.",
      license: { name: "MIT" },
    },
    servers: [{ url: "/" }],
  });
}
