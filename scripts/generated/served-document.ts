// The OpenAPI document that the Worker serves, taken from the app itself. It is bundled before it runs.
import { app } from "../../src/api/app";
import { openApiDocument } from "../../src/api/http/openapi";

export const document = openApiDocument(app);
