/** The form of API keys: 256 random bits and a checksum, so that a typing error or a leak scanner
 *  needs no database to tell a key from noise. Only a key's SHA-256 is ever stored. */
import { base32 } from "./base32";
import { hashSha256, hashSha256Hex } from "./sha256";

export const SCOPES = [
  "transactions:read",
  "transactions:write",
  "webhooks:read",
  "webhooks:write",
  "risk:read",
  "risk:write",
  "customers:erase",
] as const;
export type Scope = (typeof SCOPES)[number];
/** What a key may do that names no scopes. What cannot be undone is given by name only. */
export const DEFAULT_SCOPES = SCOPES.filter((scope) => scope !== "customers:erase");

export const API_KEY_RANDOM_BYTES = 32;
const SECRET_CHARACTERS = 52;
const CHECKSUM_CHARACTERS = 6;
const FORM = new RegExp(`^sk_([a-z2-7]{${SECRET_CHARACTERS}})([a-z2-7]{${CHECKSUM_CHARACTERS}})$`);

/** A new key from 32 random bytes: `sk_`, 52 characters of secret, 6 of checksum. */
export function formatApiKey(random: Uint8Array): string {
  const secret = base32(random, SECRET_CHARACTERS);
  return `sk_${secret}${checksum(secret)}`;
}

/** Whether a text can be one of our keys at all. */
export function isApiKey(text: string): boolean {
  const match = FORM.exec(text);
  return match?.[1] !== undefined && checksum(match[1]) === match[2];
}

/** What is stored of a key. A slow hash guards weak passwords; 256 random bits need none. */
export function hashApiKey(key: string): string {
  return hashSha256Hex(key);
}

function checksum(secret: string): string {
  return base32(hashSha256(`checksum:${secret}`), CHECKSUM_CHARACTERS);
}
