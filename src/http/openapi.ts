/** The OpenAPI 3.1 document, made from the routes as they are declared. */
import type { App } from "./operation";

type Document = ReturnType<App["getOpenAPI31Document"]>;
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
