/** Bodies that readers on the way may understand otherwise than we do. */
import { beforeAll, expect, it } from "vitest";
import { type Client, newClient } from "../../../support/api";
import { createWith, expectRefusal } from "../../../support/contract";

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

it.each([
  ['{"user_id":"u","amount":1,"amount":1000}', "#/amount"],
  ['{"user_id":"u","amount":1,"\\u0061mount":1}', "#/amount"],
  [
    '{"user_id":"u","amount":1,"metadata":{"ip":"203.0.113.7","ip":"198.51.100.1"}}',
    "#/metadata/ip",
  ],
])("A body that names a member twice is refused with its place: %s", async (body, pointer) => {
  const refused = await createWith(shop.key, "named-twice", body);
  const { errors } = await expectRefusal(refused, "invalid_request");
  expect(errors).toEqual([{ pointer, message: "appears more than once" }]);
});
