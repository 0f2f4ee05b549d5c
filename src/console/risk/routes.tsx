/** The pages and actions about fraud rules and lists. */
import { type Console, defineAction, definePage } from "../http/define-page";
import { backtestRules, editPage, saveRules } from "./edit/edit-pages";
import { addEntry, removeEntry, removePage } from "./lists/list-actions";
import { listsPage } from "./lists/lists-page";
import { EDIT, LISTS, RISK, VERSIONS } from "./parts";
import { rulesPage } from "./rules/rules-page";
import { versionPage } from "./rules/version-page";
import { versionsPage } from "./rules/versions-page";

export function riskPages(app: Console): void {
  definePage(app, RISK, "risk:read", rulesPage);
  definePage(app, VERSIONS, "risk:read", versionsPage);
  definePage(app, `${VERSIONS}/:version{\\d{1,15}}`, "risk:read", versionPage);
  definePage(app, EDIT, "risk:write", editPage);
  defineAction(app, EDIT, "risk:write", saveRules);
  defineAction(app, `${EDIT}/backtest`, "risk:write", backtestRules);
  definePage(app, LISTS, "risk:read", listsPage);
  defineAction(app, LISTS, "risk:write", addEntry);
  definePage(app, `${LISTS}/:id/remove`, "risk:write", removePage);
  defineAction(app, `${LISTS}/:id/remove`, "risk:write", removeEntry);
}
