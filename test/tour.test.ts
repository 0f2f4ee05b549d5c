/** docs/tour.md and what `npm run tour` expects of it change together; the tour itself runs in CI. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkStep, listUnmetExpectations } from "../scripts/tour/expectations";
import { readTour, TOUR } from "../scripts/tour/read-tour";

const steps = readTour(readFileSync(join(import.meta.dirname, "..", TOUR), "utf8"));

it("Every step of the tour has an expected outcome, and every expected outcome has a step", () => {
  expect(steps.length).toBeGreaterThan(15);
  expect(listUnmetExpectations(steps)).toEqual([]);
  const unknown = steps.flatMap(({ title }) =>
    checkStep(title, "", 0).filter((fault) => fault.includes("has no entry")),
  );
  expect(unknown).toEqual([]);
});

it("No step of the tour names a fixed idempotency key, port or path of the project", () => {
  const fixed = steps
    .filter(({ commands }) => !commands.startsWith("export BASE="))
    .filter(({ commands }) =>
      /Idempotency-Key: (?!\$)|127\.0\.0\.1:8787|localhost|\.wrangler/.test(commands),
    );
  expect(fixed).toEqual([]);
});

it("A step of the tour that fails or prints something else is reported by its title", () => {
  const title = "Create a payment.";
  const good = '{"amount":100.5,"amount_minor":10050,"status":"pending"}';
  expect(checkStep(title, good, 0)).toEqual([]);
  expect(checkStep(title, good, 7)).toEqual([`"${title}" ended with exit status 7.`]);
  expect(checkStep(title, '{"status":"failed"}', 0)).toHaveLength(2);
});

it("A document without a tour is refused instead of passing with no steps", () => {
  expect(() => readTour("# Payments\n\n## Kafka\n")).toThrow(/no tour/);
});
