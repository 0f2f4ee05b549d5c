// What each step of docs/tour.md has to print. A step without an entry, or an entry without a step, is a fault:
// so neither can change alone.

/** By the beginning of a step's title; each pattern has to be found, in this order. */
const EXPECTED: [beginning: string, patterns: RegExp[]][] = [
  ["export BASE=", []],
  ["An idempotency key for each payment", []],
  ["Create a payment.", [/"amount":100.5,"amount_minor":10050/, /"status":"pending"/]],
  ["Send it again", [/^Idempotent-Replayed: true/im]],
  [
    "Use the same key for another payment",
    [/"status":422/, /"code":"idempotency_key_reused"/, /amount/],
  ],
  ["Get the transaction created under a key", [/"amount_minor":10050/]],
  ["Charge it, as often", [/"status":"completed"/, /\n.*"status":"completed"/]],
  ["List its events", [/transaction\.created/, /transaction\.completed/, /\n.*"has_more":/]],
  [
    "Create a payment that the fraud rules block",
    [/"status":"failed"/, /"decision":"block"/, /risk_blocked/],
  ],
  [
    "Charge through a processor that does not answer",
    [
      /"status":"pending"/,
      /^HTTP\/1.1 202/m,
      /^Retry-After: \d/im,
      /"status":"processing"/,
      /\n.*"status":"completed"/,
    ],
  ],
  ["Create and charge in one request", [/"status":"completed"/, /"amount_captured_minor":3000/]],
  [
    "Refund a part of it",
    [
      /"id":"re_[^"]+".*"amount_minor":1250.*"status":"succeeded"/,
      /\n.*"id":"re_[^"]+".*"amount_minor":1250.*"status":"succeeded"/,
      /\n.*"status":409.*17.5 USD/,
    ],
  ],
  [
    "Refund the rest",
    [/"amount_minor":1750/, /\n\{"data":\[\{.*"amount_minor":1750.*"amount_minor":1250/],
  ],
  [
    "Hold the money of a payment",
    [
      /"status":"authorized".*"amount_capturable_minor":5000/,
      /\n.*"status":"completed".*"amount_captured_minor":4240/,
    ],
  ],
  ["Hold another one", [/"status":"authorized"/, /\n.*"status":"cancelled"/]],
  ["Create several in one request", [/"index":0,"status":201.*"index":1,"status":400/]],
  ["Get the rules in force", [/"version":\d+/]],
  ["Set rules of your own", [/"version":[1-9]/, /"id":"large"/]],
  ["They are in force", [/"status":"review"/, /"large"/, /"code":"illegal_transition"/]],
  ["A reviewer approves it", [/"status":"pending"/, /\n.*"status":"completed"/]],
  ["Ask what a stricter rule would have done", [/"block"/]],
  ["Set the rules from before again", [/"version":[1-9]/]],
  [
    "npm run listen",
    [
      /webhook_endpoint\.test.*signature ok/,
      /transaction\.created.*signature ok/,
      /transaction\.completed.*signature ok/,
      /again, arrival 2, signature ok: dropped/,
    ],
  ],
  ["Send a test event", [/"id":/]],
  ["Create an endpoint of your own", [/"secret":"whsec_/]],
  ["Make a payment: three events", [/"status":"pending"/, /\n.*"status":"completed"/]],
  [
    "List its deliveries",
    [/"status":"succeeded"/, /\n.*"status":"pending","attempts":\[\{.*"next_attempt_at":"2/],
  ],
  ["Send one again", [/"id":/]],
  ["Rotate the secret", [/"secret":"whsec_/]],
  ["Delete the unreachable endpoint", [/^HTTP\/1.1 204/]],
];

const find = (title: string) => EXPECTED.find(([beginning]) => title.startsWith(beginning));

/** What is wrong with the outcome of a step, as sentences. */
export function checkStep(title: string, output: string, status: number): string[] {
  const expected = find(title);
  if (!expected) return [`"${title}" has no entry in scripts/tour/expectations.ts.`];
  const faults = status === 0 ? [] : [`"${title}" ended with exit status ${status}.`];
  let from = 0;
  for (const pattern of expected[1]) {
    const found = pattern.exec(output.slice(from));
    if (!found) faults.push(`"${title}" printed nothing that matches ${pattern} there.`);
    else from += found.index;
  }
  return faults;
}

/** The entries that no step of the tour has. */
export function listUnmetExpectations(steps: { title: string }[]): string[] {
  return EXPECTED.filter(
    ([beginning]) => !steps.some(({ title }) => title.startsWith(beginning)),
  ).map(([beginning]) => `docs/tour.md has no step "${beginning}…".`);
}
