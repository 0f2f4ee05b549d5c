/** The buttons of a payment's page: what its status and the session's key allow. Each leads to a page that asks for a
 *  confirmation. */
import { REVIEW_DECISIONS } from "../../../domain/transaction/review";
import type { Session } from "../../access/session";
import { isAllowed } from "../../http/allowed";
import { type Payment, paymentPath } from "../bodies";
import type { PaymentState } from "../read-payment";
import { ACTIONS, DEFINITIONS, isPossible, labelOf, SCOPE } from "./actions";

type Link = { href: string; label: string; isDangerous: boolean };

export function ActionLinks({ session, state }: { session: Session; state: PaymentState }) {
  const links = [...reviewLinks(session, state.payment), ...actionLinks(session, state)];
  if (links.length === 0) return null;
  return (
    <div class="actions">
      {links.map(({ href, label, isDangerous }, at) => (
        <a class={`button ${isDangerous ? "danger" : at === 0 ? "primary" : ""}`} href={href}>
          {label}
        </a>
      ))}
    </div>
  );
}

function actionLinks(session: Session, state: PaymentState): Link[] {
  if (!isAllowed(session, SCOPE)) return [];
  const { payment } = state;
  return ACTIONS.filter((action) => isPossible(action, state)).map((action) => ({
    href: `${paymentPath(payment.id)}/${action}`,
    label: labelOf(action, payment),
    isDangerous: DEFINITIONS[action].isDangerous ?? false,
  }));
}

function reviewLinks(session: Session, { id, status }: Payment): Link[] {
  if (status !== "review" || !isAllowed(session, "risk:write")) return [];
  return REVIEW_DECISIONS.map((decision) => ({
    href: `/console/reviews/${id}/${decision}?from=payment`,
    label: decision === "approve" ? "Approve" : "Reject",
    isDangerous: decision === "reject",
  }));
}
