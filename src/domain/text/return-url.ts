/** Which URLs a customer may be sent back to after authenticating, and the form in which they are stored. It is opened by the
 *  customer's browser and never called by us, so that any host will do. */
/** As long as browsers and proxies agree to carry. */
export const MAX_RETURN_URL_CHARACTERS = 2048;
/** A URL written out in full: the parser would also take " https:host". */
const WRITTEN_OUT = /^https?:\/\/[^\s\p{Cc}\\/?#][^\s\p{Cc}\\]*$/iu;

/** `href` is the URL in the parser's one spelling, so that two spellings of a URL are one request. `fault` says to its sender
 *  why it is refused. */
export type ParsedReturnUrl =
  | { href: string; fault?: undefined }
  | { href?: undefined; fault: string };

/** @param allowInsecure local development: plain HTTP is fine then */
export function parseReturnUrl(text: string, allowInsecure: boolean): ParsedReturnUrl {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || !WRITTEN_OUT.test(text)) {
    return { fault: "must be an absolute https URL" };
  }
  if (url.username !== "" || url.password !== "") {
    return { fault: "must not contain a user name or password" };
  }
  const { href, protocol } = url;
  if (href.length > MAX_RETURN_URL_CHARACTERS) {
    return {
      fault: `must have at most ${MAX_RETURN_URL_CHARACTERS} characters once it is percent-encoded`,
    };
  }
  return protocol === "https:" || allowInsecure ? { href } : { fault: "must start with https://" };
}
