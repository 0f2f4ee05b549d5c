/** Erasures over HTTP, and their alarms. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect } from "vitest";
import { type Client, newClient } from "../api";
import { env } from "../env";
import { eventually } from "../eventually";

export type ErasureBody = {
  id: string;
  user_id: string | null;
  status: string;
  transactions_waiting: number;
  transactions_erased: number;
  deliveries_erased: number;
  counted_payments_deleted: number;
  archive_segments_rewritten: number;
  archive_objects_deleted: number;
  created_at: string;
  completed_at: string | null;
};

const SCOPES = ["transactions:read", "transactions:write", "webhooks:write", "webhooks:read"];

/** A new merchant whose key may erase. */
export const newEraser = () => newClient([...SCOPES, "risk:write", "customers:erase"]);

export const customerPath = (userId: string) => `/api/v1/customers/${encodeURIComponent(userId)}`;

export async function startErasing(client: Client, userId: string): Promise<ErasureBody> {
  const response = await client.ask("DELETE", customerPath(userId));
  const text = await response.text();
  expect(response.status, text).toBe(202);
  const erasure = JSON.parse(text) as ErasureBody;
  expect(response.headers.get("Location")).toBe(`/api/v1/erasures/${erasure.id}`);
  return erasure;
}

async function getErasure(client: Client, id: string): Promise<ErasureBody> {
  const response = await client.get(`/api/v1/erasures/${id}`);
  expect(response.status).toBe(200);
  return (await response.json()) as ErasureBody;
}

/** Lets its alarm ring now, also while it waits after a fault. */
export async function ring({ id }: { id: string }): Promise<void> {
  const eraser = env.ERASURES.getByName(id);
  await runInDurableObject(eraser, async (_, { storage }) => {
    storage.sql.exec("UPDATE erasure SET due_at_ms = 0 WHERE due_at_ms > 0");
    if ((await storage.getAlarm()) !== null) await storage.setAlarm(Date.now() + 60_000);
  });
  await runDurableObjectAlarm(eraser);
}

/** Lets its alarm ring until it is complete. */
export function completed(client: Client, { id }: { id: string }): Promise<ErasureBody> {
  return eventually(async () => {
    await ring({ id }).catch(() => {});
    const erasure = await getErasure(client, id);
    expect(erasure.status).toBe("completed");
    return erasure;
  });
}
