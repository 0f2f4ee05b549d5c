// The deployment that an operator's command is about, and its admin token.
import { readDevVars } from "../local/dev-vars.ts";
import { apiPort, HOST } from "../local/local-deployment.ts";

export type Deployment = { url: string; token: string };

/** The options that every such command has, for its help. */
export const DEPLOYMENT_HELP = `  --url URL        the deployment: $API_URL, or the API that npm start runs
  --token TOKEN    its admin token: $ADMIN_TOKEN, or for a local API that of .dev.vars`;

const text = { type: "string" } as const;
export const DEPLOYMENT_OPTIONS = { url: text, token: text };

/** @throws when there is no token */
export function readDeployment(
  given: { url?: string | undefined; token?: string | undefined },
  env: NodeJS.ProcessEnv,
): Deployment {
  const url = given.url ?? (env.API_URL || undefined);
  // The token of .dev.vars is for the API on this machine, and is sent nowhere else.
  const local = url === undefined ? readDevVars().ADMIN_TOKEN : undefined;
  const token = given.token ?? (env.ADMIN_TOKEN || local);
  if (!token) {
    throw new Error("Give the admin token of the deployment with --token or $ADMIN_TOKEN.");
  }
  return { url: (url ?? `http://${HOST}:${apiPort()}`).replace(/\/+$/, ""), token };
}
