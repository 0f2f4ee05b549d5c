/** Base64 of a text's UTF-8 bytes. `btoa` alone takes Latin-1 only. */

/** Bytes converted at once: each is an argument, and the number of arguments of a call is limited. */
const STEP_BYTES = 8_192;

export function base64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let latin = "";
  for (let at = 0; at < bytes.length; at += STEP_BYTES) {
    latin += String.fromCharCode(...bytes.subarray(at, at + STEP_BYTES));
  }
  return btoa(latin);
}
