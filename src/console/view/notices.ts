/** What a page says about the action that led to it. The address has only a code, so that a link cannot put words onto the
 *  page. */

const NOTICES = {
  signed_out: "Signed out.",
  signed_out_of_this_browser:
    "Signed out of this browser. The database does not respond: other sessions of the key could not be ended.",
  signed_out_before_action:
    "Nothing was done: the session had ended. Sign in, and do it again from the page where it began.",
  payment_created: "Created. No money has moved yet.",
  payment_held: "Created, and held for review. It is not charged before it is approved.",
  charged: "Charged.",
  authorized: "Authorized: the money is held until it is captured or released.",
  captured: "Captured.",
  refunded: "Refunded.",
  cancelled: "Cancelled.",
  shown_as_customer:
    "No payment, refund or idempotency key has this name. These are the payments of the customer.",
  merchant_created: "The merchant was created.",
  endpoint_exists:
    "The endpoint had been added already. Its secret was shown once; if it was lost, rotate it.",
  secret_rotated:
    "The secret had been rotated already, and the new one was shown once. If it was lost, rotate it again.",
  key_exists:
    "The key had been created already, and was shown once. If it was lost, revoke it and create another one.",
  key_revoked: "The key was revoked. It stops working within ten seconds.",
  endpoint_changed: "The endpoint was changed.",
  endpoint_enabled: "The endpoint is enabled. Waiting deliveries continue by their schedule.",
  endpoint_disabled: "The endpoint is disabled.",
  endpoint_deleted: "The endpoint was deleted.",
  test_sent: "A test event is on its way. Load the page again to see the result.",
  recovered: "The failed deliveries are being sent again.",
  recovered_in_part:
    "The oldest 1,000 failed deliveries are being sent again. Recover once more for the rest.",
  nothing_to_recover: "No failed delivery was created in this time.",
  redelivered: "The webhook is being sent again. Load the page again to see the result.",
  delivery_has_changed:
    "Nothing was sent again: the delivery has changed since the page was loaded.",
  review_approved: "Approved. The payment can be processed.",
  rules_saved: "Saved. The rules are in force everywhere within 5 seconds.",
  entry_added: "Added. The lists are in force everywhere within 5 seconds.",
  entry_changed: "The value was on the list already: its note and expiry were replaced.",
  entry_removed: "Removed. The lists are in force everywhere within 5 seconds.",
  review_rejected: "Rejected. The payment has failed.",
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
