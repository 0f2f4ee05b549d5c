/** The header fields `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11). */

/** A quota of the merchant. A member is undefined if the response does not have it. */
export type Quota = {
  name: string;
  /** Requests that are allowed in `windowS` seconds. */
  limit?: number;
  windowS?: number;
  /** Requests that are left until the quota resets in `resetS` seconds. */
  remaining?: number;
  resetS?: number;
};

const ITEM = /"([^"\\]{1,64})"((?:;[a-z]{1,8}=\d{1,15}){0,8})/g;
const PARAMETERS = { q: "limit", w: "windowS", r: "remaining", t: "resetS" } as const;

/** The quotas that both fields name. Text that is not of their form is ignored. */
export function parseRateLimit(limit: string | null, policy: string | null): Quota[] {
  const quotas = new Map<string, Quota>();
  for (const [, name = "", parameters = ""] of `${policy ?? ""},${limit ?? ""}`.matchAll(ITEM)) {
    const quota = quotas.get(name) ?? { name };
    quotas.set(name, quota);
    for (const [, key = "", value] of parameters.matchAll(/;([a-z]+)=(\d+)/g)) {
      if (Object.hasOwn(PARAMETERS, key)) {
        quota[PARAMETERS[key as keyof typeof PARAMETERS]] = Number(value);
      }
    }
  }
  return [...quotas.values()];
}
