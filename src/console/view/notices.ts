/** What a page says about the action that led to it. The address has only a code, so that a link cannot put words onto the
 *  page. */

const NOTICES = {
  signed_out: "Signed out.",
  shown_as_customer:
    "No payment, refund or idempotency key has this name. These are the payments of the customer.",
} as const;

export type NoticeCode = keyof typeof NOTICES;

/** @returns undefined for a code that is not known */
export function findNotice(code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(NOTICES, code)
    ? NOTICES[code as NoticeCode] // Checked by hasOwn.
    : undefined;
}

/** The address of a page with a notice. */
export function withNotice(path: string, code: NoticeCode): string {
  return `${path}${path.includes("?") ? "&" : "?"}notice=${code}`;
}
