// The OpenAPI document that the Worker serves, taken from the app itself, and the currencies. It is bundled before it
// runs.
import { app } from "../../src/api/app";
import { openApiDocument } from "../../src/api/http/openapi";
import { CURRENCY_CODES, currencyDecimals } from "../../src/domain/money/currency";

export const document = openApiDocument(app);
/** Decimal places by currency code. */
export const decimals = Object.fromEntries(
  CURRENCY_CODES.map((code) => [code, currencyDecimals(code)]),
);
