/** The operator's routes for books: which there are, and moving a merchant to another one. */
import { noParameters } from "../http/common-schemas";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { authenticateAdmin } from "../middleware/authenticate";
import { listAllBooks, moveMerchant } from "./move-merchant";
import { BookList, MoveBody, MoveProgress } from "./schemas";

const COMMON = {
  tag: "Operations",
  security: "admin_token",
  before: [authenticateAdmin],
} as const;

export function bookRoutes(app: App): void {
  defineRoute(app, {
    ...COMMON,
    method: "get",
    path: "/api/v1/operations/books",
    operationId: "listBooks",
    summary: "List the books",
    description:
      "The D1 databases over which merchants are spread, and the moves between them that have not ended.",
    request: { query: noParameters },
    responses: { 200: { description: "All books.", schema: BookList } },
    problems: ["invalid_request"],
    handle: listAllBooks,
  });

  defineRoute(app, {
    ...COMMON,
    method: "post",
    path: "/api/v1/operations/book-moves",
    operationId: "moveMerchant",
    summary: "Move a merchant to another book",
    description:
      "Makes the next steps of moving a merchant's payments to another D1 database, for about two seconds. Repeat it until `phase` is `done`; any caller continues a move. Payments go on meanwhile.",
    request: { body: MoveBody },
    responses: { 200: { description: "How far the move is.", schema: MoveProgress } },
    problems: [...BODY_PROBLEMS, "merchant_not_found", "book_move_refused", "book_move_failed"],
    handle: (c, { body }) => moveMerchant(c, body),
  });
}
