/** Why the fraud rules decided as they did. */
import type { z } from "@hono/zod-openapi";
import type { RiskReason } from "../../api/transactions/decision-schema";

type Reason = z.infer<typeof RiskReason>;

/** One line for each reason: what was compared, by which rule, and its effect. */
export function Reasons({ reasons }: { reasons: readonly Reason[] }) {
  if (reasons.length === 0) return <p class="muted">No rule matched.</p>;
  return (
    <ul class="reasons">
      {reasons.map((reason) => (
        <li>
          <bdi>{reason.detail}</bdi>{" "}
          <span class="muted">
            · <code>{reason.rule}</code>, {effectText(reason)}
          </span>
        </li>
      ))}
    </ul>
  );
}

function effectText({ outcome, points }: Reason): string {
  if (outcome === "points") return points === 1 ? "1 point" : `${points} points`;
  if (outcome === "error") return "could not be evaluated";
  return outcome;
}
