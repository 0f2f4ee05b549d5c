/** A merchant whose payments are made at the stand-in for Stripe, and control calls to that. For the project `stripe`. */
import { expect } from "vitest";
import type { Refund } from "../../src/domain/transaction/refund";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { type Client, TRANSACTIONS } from "./api";
import { env } from "./env";
import { deliverEvent } from "./stripe-events";

type Listed = { data: Record<string, unknown>[] };

/** Settings of the project: events are signed with its secret, and Stripe is the stand-in. */
export const OWN = {
  PROCESSOR: "stripe",
  STRIPE_SECRET_KEY: "sk_test_for_tests",
  STRIPE_API_URL: env.STRIPE_API_URL,
};

/** Sends a control call. */
export async function steer(path: string, body: object = {}): Promise<Record<string, unknown>> {
  const response = await fetch(`${env.STRIPE_API_URL}/_control/${path}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  expect(`${path} ${response.status}`).toBe(`${path} 200`);
  return response.json();
}

/** An object or a list of the API. */
export async function atStripe<Found = Record<string, unknown>>(
  path: string,
  form?: Record<string, string>,
): Promise<Found> {
  const response = await fetch(`${env.STRIPE_API_URL}/v1/${path}`, {
    headers: { Authorization: `Bearer ${OWN.STRIPE_SECRET_KEY}` },
    ...(form && { method: "POST", body: new URLSearchParams(form) }),
  });
  expect(`${path} ${response.status}`).toBe(`${path} 200`);
  return response.json() as Promise<Found>;
}

/** The newest event of a type about an object. */
export async function eventAbout(type: string, id: string): Promise<object> {
  const { data } = await atStripe<Listed>(`events?type=${type}&limit=100`);
  const found = data.find((event) => (event.data as { object: { id: string } }).object.id === id);
  expect(found, `${type} ${id}`).toBeDefined();
  return found ?? {};
}

/** Delivers an event and returns its result. */
export async function report(event: object): Promise<string> {
  const received = await deliverEvent(event, { env: OWN });
  const { result = String(received.status) } = (await received.json()) as { result?: string };
  return result;
}

export const reportAbout = async (type: string, id: string) => report(await eventAbout(type, id));

/** A payment that was processed once. */
export async function pay(
  shop: Client,
  payment_method = "pm_card_visa",
  more: object = {},
): Promise<Transaction> {
  const { id } = await shop.created({ amount: "12.50", payment_method, ...more });
  const response = await shop.process(id);
  expect([200, 202]).toContain(response.status);
  return shop.find(id);
}

export async function refund(shop: Client, id: string, amount: string): Promise<Refund> {
  return (await (await shop.refund(id, { amount })).json()) as Refund;
}

export async function refundsOf(shop: Client, id: string): Promise<Refund[]> {
  const response = await shop.get(`${TRANSACTIONS}/${id}/refunds`);
  return ((await response.json()) as { data: Refund[] }).data;
}

/** The types of a transaction's events, in order. */
export async function typesOf(shop: Client, id: string): Promise<string[]> {
  const response = await shop.get(`${TRANSACTIONS}/${id}/events`);
  return ((await response.json()) as { data: { type: string }[] }).data.map(({ type }) => type);
}
