/** The body of a webhook, byte by byte: receivers verify its signature over exactly these bytes. */
import { expect, it } from "vitest";
import { webhookBody } from "../../../../src/domain/webhook/webhook";

it("The body of a webhook has type, timestamp and data in this order, with the transaction's own bytes", () => {
  const data = '{"id":"txn_1","amount":100.50,"description":"Größe  1"}';
  expect(webhookBody("transaction.completed", Date.UTC(2026, 10, 29, 8, 0, 0, 7), data)).toBe(
    '{"type":"transaction.completed","timestamp":"2026-11-29T08:00:00.007Z",' +
      '"data":{"id":"txn_1","amount":100.50,"description":"Größe  1"}}',
  );
});
