// `npm run stripe:standin`: the stand-in for Stripe at a port of this machine, to try a deployment with.
import { parseArgs } from "node:util";
import { parsePort } from "../../scripts/local/local-deployment.ts";
import { errorMessage } from "../../scripts/processes/errors.ts";
import { startStripe } from "./server.ts";

const HELP = `npm run stripe:standin -- [options]

A stand-in for Stripe: payments, refunds, disputes and signed events, in memory. It moves no money.

  --port 12111             where it listens
  --key sk_test_standin    the only accepted key: STRIPE_SECRET_KEY
  --webhook-url URL        where events are sent, such as
                           http://127.0.0.1:8787/api/v1/processors/stripe/events
  --webhook-secret TEXT    signs them: STRIPE_WEBHOOK_SECRET (default: whsec_standin)
  --shares JSON            faults, such as {"lost":0.1,"rate_limited":0.05}
  --seed 1                 which requests have them
`;

const text = { type: "string" } as const;

async function serve(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { ...text, default: "12111" },
      key: { ...text, default: "sk_test_standin" },
      "webhook-url": text,
      "webhook-secret": { ...text, default: "whsec_standin" },
      shares: { ...text, default: "{}" },
      seed: { ...text, default: "1" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return console.log(HELP);
  const { key: secret_key, seed } = values;
  const standIn = await startStripe({ secret_key, seed, port: parsePort(values.port, "--port") });
  standIn.faults.shares = JSON.parse(values.shares);
  const url = values["webhook-url"];
  const secret = values["webhook-secret"];
  if (url !== undefined) standIn.webhooks.target = { url, secret };
  console.log("The stand-in for Stripe is up. Ctrl-C stops it, and what it holds goes.");
  console.log(`STRIPE_API_URL=${standIn.url}\nSTRIPE_SECRET_KEY=${secret_key}`);
  console.log(`STRIPE_WEBHOOK_SECRET=${secret}`);
}

// Only under npm: a server started from a shell may well outlive that shell.
if (process.env.npm_lifecycle_event) await import("../../scripts/processes/lifeline.ts");

try {
  await serve();
} catch (error) {
  console.error(errorMessage(error));
  process.exit(1);
}
