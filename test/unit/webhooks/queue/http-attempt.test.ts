/** How long one attempt at a delivery lasts, by a clock of the test's own. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { formatWebhookSecret } from "../../../../src/domain/webhook/signature";
import { BODY_LIMIT_MS, sendAttempt } from "../../../../src/webhooks/queue/http-attempt";

const ORDER = {
  delivery_id: "whd_1",
  number: 1,
  url: "https://shop.example.com/webhooks",
  message_id: "evt_1",
  body: "{}",
  secrets: [formatWebhookSecret(new Uint8Array(32))],
  traceparent: null,
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("A body that never ends holds an attempt for no longer than its own limit", async () => {
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) =>
      new Promise((resolve) => {
        setTimeout(() => resolve(controller.enqueue(new Uint8Array(1))), 200);
      }),
  });
  vi.stubGlobal("fetch", async () => new Response(endless, { status: 200 }));
  const ended = sendAttempt(ORDER, false);
  await vi.advanceTimersByTimeAsync(BODY_LIMIT_MS);
  expect(await ended).toMatchObject({ status_code: 200, error: null, duration_ms: 0 });
});
