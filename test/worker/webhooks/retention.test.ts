/** Which secrets of an endpoint its dispatcher keeps. */
import { runInDurableObject } from "cloudflare:test";
import { expect, it, vi } from "vitest";
import { newClient } from "../../support/api";
import { dispatcherOf, ENDPOINTS, endpoint, json, receiverUrl } from "../../support/webhooks-api";

const MAX_SECRETS = 5;
const DAY_MS = 86_400_000;

it("Rotations keep five secrets of an endpoint at most, and none that has ended", async () => {
  const client = await newClient();
  const { id } = await endpoint(client, receiverUrl("rotated"));
  const count = () =>
    runInDurableObject(dispatcherOf(client), (_, { storage: { sql } }) =>
      Number(sql.exec("SELECT count(*) AS n FROM secrets WHERE endpoint_id = ?", id).one().n),
    );
  const rotate = async () =>
    json(await client.ask("POST", `${ENDPOINTS}/${id}/rotate-secret`, {}), 200);
  for (let secrets = 2; secrets <= MAX_SECRETS + 2; secrets++) {
    await rotate();
    expect(await count()).toBe(Math.min(secrets, MAX_SECRETS));
  }
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60 * DAY_MS });
  try {
    await rotate();
    // The one that signs, and the one before it until the rotation's end.
    expect(await count()).toBe(2);
  } finally {
    vi.useRealTimers();
  }
  expect((await client.ask("DELETE", `${ENDPOINTS}/${id}`)).status).toBe(204);
  expect(await count()).toBe(0);
});
