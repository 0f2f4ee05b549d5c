/** `GET /health/ready` is open to everyone, so many who ask cost what one does. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { app } from "../../../../src/api/app";
import { BASE } from "../../../support/api";
import { env, type TestEnv } from "../../../support/env";

let checks: number;
let bindings: TestEnv;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  checks = 0;
  const getByName = (name: string) => {
    if (name === "velocity-0") checks += 1;
    return env.VELOCITY.getByName(name);
  };
  bindings = { ...env, VELOCITY: { getByName } } as unknown as TestEnv; // What readiness uses of it.
});

afterEach(() => {
  vi.useRealTimers();
});

const ready = async () => {
  const response = await app.fetch(new Request(`${BASE}/health/ready`), bindings);
  expect(response.status).toBe(200);
  return (await response.json()) as { status: string };
};

describe("readiness", () => {
  it("Readiness is checked once for all concurrent requests", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, ready));
    expect(answers).toEqual(Array(8).fill(answers[0]));
    expect(checks).toBe(1);
  });

  it("Readiness is checked again after a second, and not before", async () => {
    for (let asked = 0; asked < 20; asked++) await ready();
    vi.setSystemTime(Date.now() + 999);
    await ready();
    expect(checks).toBe(1);
    vi.setSystemTime(Date.now() + 1);
    await ready();
    expect(checks).toBe(2);
  });
});
