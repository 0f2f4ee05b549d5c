/** The interactive docs: Swagger UI, with its script and styles served by this deployment, so that the page works
 *  offline and sends no requests to other sites. */

export const DOCS_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Payment transactions API</title>
    <link rel="icon" type="image/png" href="/docs-assets/favicon-32x32.png" />
    <link rel="stylesheet" href="/docs-assets/swagger-ui.css" />
    <link rel="stylesheet" href="/docs/style.css" />
  </head>
  <body>
    <div id="docs"></div>
    <script src="/docs-assets/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

export const DOCS_SCRIPT = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  // Keys are not stored: every script of the origin can read the browser's storage.
  persistAuthorization: false,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
});
`;

/** Adapts Swagger UI to narrow windows: tables become lists, so that only code scrolls sideways. */
export const DOCS_STYLE = `body { margin: 0; }
@media (max-width: 640px) {
  .swagger-ui .wrapper, .swagger-ui .information-container.wrapper { padding: 0 12px; }
  .swagger-ui .scheme-container { padding: 16px 0; }
  .swagger-ui .info { margin: 24px 0; }
  .swagger-ui .opblock-tag { display: block; }
  .swagger-ui .opblock-tag small { display: block; padding: 4px 0; }
  .swagger-ui .opblock .opblock-summary { flex-wrap: wrap; }
  .swagger-ui .opblock .opblock-summary-control { flex-wrap: wrap; min-width: 0; }
  .swagger-ui .opblock-summary-path-description-wrapper { flex-basis: 100%; min-width: 0; padding-top: 4px; }
  .swagger-ui .opblock .opblock-summary-path { max-width: 100%; overflow-wrap: anywhere; }
  .swagger-ui .opblock-section-header { flex-wrap: wrap; gap: 8px; padding: 8px 12px; }
  .swagger-ui .opblock-body, .swagger-ui .responses-inner, .swagger-ui .table-container { min-width: 0; padding: 8px; }
  .swagger-ui table, .swagger-ui tbody, .swagger-ui tr, .swagger-ui td { display: block; width: auto; }
  .swagger-ui thead { display: none; }
  .swagger-ui table tbody tr td, .swagger-ui table tbody tr td:first-of-type {
    max-width: none; min-width: 0; padding: 4px 0;
  }
  .swagger-ui .parameters-col_description input, .swagger-ui .parameters-col_description select,
  .swagger-ui .body-param__text, .swagger-ui select { box-sizing: border-box; max-width: 100%; min-width: 0; width: 100%; }
  .swagger-ui .response-col_description { overflow-x: auto; }
  .swagger-ui .highlight-code, .swagger-ui .curl-command { max-width: 100%; overflow-x: auto; }
  .swagger-ui .microlight { white-space: pre-wrap; overflow-wrap: anywhere; }
  .swagger-ui .btn-group { padding: 12px; }
  .swagger-ui .dialog-ux .modal-ux { max-width: 100vw; min-width: 0; width: calc(100vw - 24px); }
  .swagger-ui .auth-container input { box-sizing: border-box; min-width: 0; width: 100%; }
}
`;

/** Swagger UI needs inline styles and icons from data URLs; everything else comes from this origin. */
export const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
