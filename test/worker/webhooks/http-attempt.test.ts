/** Receivers whose status line arrives and whose body cannot be read: the status line decides. */
import { expect, it } from "vitest";
import { newClient } from "../../support/api";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";

type Endpoint = { id: string; disabled_reason: string | null };
type Attempt = { status_code: number | null; error: string | null };
type Delivery = { status: string; attempts: Attempt[]; next_attempt_at: string | null };

const ASKED_MS = 600_000;
const BODIES = ["empty_gzip", "no_gzip", "cut_gzip", "cut", "bad_chunk", "stopped"];
const STATUSES: [number, Attempt["error"]][] = [
  [200, null],
  [302, "redirect"],
  [410, "http_status"],
  [503, "http_status"],
];

/** A test event to a new endpoint that answers like this, once it has been answered. */
async function answeredLike(step: string): Promise<{ delivery: Delivery; endpoint: Endpoint }> {
  const client = await newClient();
  const url = `${env.RECEIVER_URL}/unreadable-${step}/${step}`;
  const made = await client.ask("POST", "/api/v1/webhook-endpoints", { url });
  const { id } = (await made.json()) as Endpoint;
  await client.ask("POST", `/api/v1/webhook-endpoints/${id}/test`);
  const delivery = await eventually(async () => {
    const page = await client.get("/api/v1/webhook-deliveries");
    const [found] = ((await page.json()) as { data: Delivery[] }).data;
    if (!found?.attempts.length) throw new Error("no attempt has ended yet");
    return found;
  });
  const endpoint = (await (await client.get(`/api/v1/webhook-endpoints/${id}`)).json()) as Endpoint;
  return { delivery, endpoint };
}

for (const body of BODIES) {
  it.each(STATUSES)(
    `A response %s with a body of the kind ${body} counts as its status says`,
    async (status, error) => {
      const askedMs = Date.now();
      const { delivery, endpoint } = await answeredLike(`${status}-${body}`);
      expect(delivery.attempts).toEqual([
        expect.objectContaining({ number: 1, status_code: status, error }),
      ]);
      expect(delivery.status).toBe(error === null ? "succeeded" : "pending");
      expect(endpoint.disabled_reason).toBe(status === 410 ? "gone" : null);
      if (status !== 503) return;
      const nextMs = Date.parse(delivery.next_attempt_at ?? "");
      expect(nextMs).toBeGreaterThanOrEqual(askedMs + ASKED_MS);
    },
  );
}
