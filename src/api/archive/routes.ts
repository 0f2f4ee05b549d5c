/** `/operations/archive`: the archive of old payments, for the commands that verify and export it. */
import { type App, defineRoute } from "../http/define-route";
import { pathParams } from "../http/parse-request";
import { authenticateAdmin } from "../middleware/authenticate";
import { listObjects, sendObject } from "./objects";
import {
  ArchiveObjectList,
  ArchiveSegmentList,
  ObjectParams,
  ObjectQuery,
  SegmentQuery,
} from "./schemas";
import { listSegments } from "./segments";

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
}
