/** The pages and actions about fraud rules and lists. */
import { type Console, definePage } from "../http/define-page";
import { RISK, VERSIONS } from "./parts";
import { rulesPage } from "./rules/rules-page";
import { versionPage } from "./rules/version-page";
import { versionsPage } from "./rules/versions-page";

export function riskPages(app: Console): void {
  definePage(app, RISK, "risk:read", rulesPage);
  definePage(app, VERSIONS, "risk:read", versionsPage);
  definePage(app, `${VERSIONS}/:version{\\d{1,15}}`, "risk:read", versionPage);
}
