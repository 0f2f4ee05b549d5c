/** `/operations/archive`: the archive of old payments, for the commands that verify and export it. */
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { pathParams } from "../http/parse-request";
import { authenticateAdmin } from "../middleware/authenticate";
import { listObjects, sendObject } from "./objects";
import {
  ArchiveObjectList,
  ArchiveSegmentList,
  ObjectParams,
  ObjectQuery,
  RestoreBody,
  RestoredSegment,
  SegmentQuery,
} from "./schemas";
import { listSegments, restoreSegment } from "./segments";

const COMMON = {
  tag: "Operations",
  security: "admin_token",
  before: [authenticateAdmin],
} as const;

export function archiveRoutes(app: App): void {
  defineRoute(app, {
    ...COMMON,
    method: "get",
    path: "/api/v1/operations/archive/segments",
    operationId: "listArchiveSegments",
    summary: "List the segments of a shard",
    description:
      "The segments of a shard in the archive, in order, some hundred on a page. An empty page follows the last one.",
    request: { query: SegmentQuery },
    responses: { 200: { description: "A page of segments.", schema: ArchiveSegmentList } },
    problems: ["invalid_request", "not_found"],
    handle: (c, { query: { shard, after } }) => listSegments(c, shard, after),
  });

  defineRoute(app, {
    ...COMMON,
    method: "get",
    path: "/api/v1/operations/archive/objects",
    operationId: "listArchiveObjects",
    summary: "List the objects of the archive",
    description:
      "The objects of the archive's bucket in the order of their keys, at most 1,000 on a page.",
    request: { query: ObjectQuery },
    responses: { 200: { description: "A page of objects.", schema: ArchiveObjectList } },
    problems: ["invalid_request", "not_found"],
    handle: (c, { query: { after } }) => listObjects(c, after),
  });

  defineRoute(app, {
    ...COMMON,
    method: "get",
    path: "/api/v1/operations/archive/objects/{key}",
    operationId: "getArchiveObject",
    summary: "Get an object of the archive",
    description:
      "The bytes of an object of the archive: a segment's payments, or its manifest. Encode the slashes of the key as `%2F`.",
    request: { params: pathParams(ObjectParams) },
    responses: { 200: { description: "The object's bytes.", isBinary: true } },
    problems: ["not_found"],
    handle: (c, { params: { key } }) => sendObject(c, key),
  });

  defineRoute(app, {
    ...COMMON,
    method: "post",
    path: "/api/v1/operations/archive/restore",
    operationId: "restoreArchiveSegment",
    summary: "Put a segment back",
    description:
      "Puts the payments of a segment back into their shard and D1, those that are still in it. The segment stays in the archive. Safe to retry.",
    request: { body: RestoreBody },
    responses: { 200: { description: "The payments are back.", schema: RestoredSegment } },
    problems: [...BODY_PROBLEMS, "not_found"],
    handle: (c, { body }) => restoreSegment(c, body),
  });
}
