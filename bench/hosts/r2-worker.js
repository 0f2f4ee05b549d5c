// Serves a bucket to the Worker of another process (../entry/r2-elsewhere.ts). It runs inside Miniflare's workerd.
export default {
  /** @param {Request} request @param {{ BUCKET: import("@cloudflare/workers-types").R2Bucket }} env */
  async fetch(request, { BUCKET }) {
    const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
    const options = JSON.parse(request.headers.get("x-options") ?? "{}");
    try {
      switch (request.method) {
        case "PUT":
          await BUCKET.put(key, await request.arrayBuffer(), options);
          return new Response();
        case "GET": {
          const object = await BUCKET.get(key, options);
          if (!object) return new Response(null, { status: 404 });
          const body = "body" in object ? object.body : null;
          return new Response(body, { headers: { "x-size": String(object.size) } });
        }
        case "DELETE":
          await BUCKET.delete(await request.json());
          return new Response();
        default: {
          const { objects, truncated } = await BUCKET.list(await request.json());
          const listed = objects.map(({ key, size, uploaded }) => ({ key, size, uploaded }));
          return Response.json({ objects: listed, truncated });
        }
      }
    } catch (fault) {
      return new Response(String(fault), { status: 500 });
    }
  },
};
