import { assert, assertEquals, assertRejects } from "@std/assert";
import { hash } from "node:crypto";
import { Registry } from "./registry.ts";
import { RegistryError } from "./registry_error.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;
const stated = () =>
  new Response(null, {
    headers: { "docker-content-digest": DIGEST },
  });

type Handler = (request: Request, path: string) => Response | Promise<Response>;

/** A registry of a few lines on a port of its own. */
function serve(handler: Handler) {
  const requests: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      const { pathname, search } = new URL(request.url);
      requests.push(`${request.method} ${pathname}${search}`);
      return handler(request, pathname);
    },
  );
  const { port } = server.addr;
  const image = { registry: `127.0.0.1:${port}`, repository: "a/b" };
  return {
    image,
    origin: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const anonymous = () => new Registry(() => undefined);

Deno.test("digestOf() asks for lists of platforms, and only for the head", async () => {
  let accept = "";
  await using server = serve((request) => {
    accept = request.headers.get("accept") ?? "";
    return stated();
  });
  assertEquals(await anonymous().digestOf(server.image, "1"), DIGEST);
  assertEquals(server.requests, ["HEAD /v2/a/b/manifests/1"]);
  assert(accept.includes("image.index.v1+json"));
  assert(accept.includes("manifest.list.v2+json"));
});

Deno.test("digestOf() computes what the registry does not state", async () => {
  const manifest = '{"schemaVersion":2}';
  for (const head of [200, 405]) {
    await using server = serve(({ method }) =>
      method === "HEAD"
        ? new Response(null, { status: head })
        : new Response(manifest)
    );
    assertEquals(
      await anonymous().digestOf(server.image, "1"),
      `sha256:${hash("sha256", manifest)}`,
    );
  }
});

Deno.test("an anonymous token is fetched once for each repository", async () => {
  await using server = serve((request, path) => {
    if (path === "/token") return Response.json({ token: "t" });
    return request.headers.get("authorization") === "Bearer t"
      ? stated()
      : new Response(null, {
        status: 401,
        headers: {
          "www-authenticate": `Bearer realm="http://${
            request.headers.get("host")
          }/token",service="s"`,
        },
      });
  });
  const registry = anonymous();
  assertEquals(await registry.digestOf(server.image, "1"), DIGEST);
  assertEquals(await registry.digestOf(server.image, "2"), DIGEST);
  assertEquals(server.requests, [
    "HEAD /v2/a/b/manifests/1",
    "GET /token?service=s&scope=repository%3Aa%2Fb%3Apull",
    "HEAD /v2/a/b/manifests/1",
    "HEAD /v2/a/b/manifests/2",
  ]);
});

Deno.test("what docker login kept is sent to its registry, and nowhere else", async () => {
  const seen: (string | null)[] = [];
  await using elsewhere = serve((request) => {
    seen.push(request.headers.get("authorization"));
    return stated();
  });
  await using server = serve((request) =>
    request.headers.get("authorization") === "Basic c2VjcmV0"
      ? Response.redirect(`${elsewhere.origin}/x`)
      : new Response(null, {
        status: 401,
        headers: { "www-authenticate": "Basic realm=x" },
      })
  );
  const registry = new Registry((name) =>
    name === server.image.registry ? "c2VjcmV0" : undefined
  );
  assertEquals(await registry.digestOf(server.image, "1"), DIGEST);
  assertEquals(seen, [null]);
});

Deno.test("tagsOf() goes on to the last page", async () => {
  await using server = serve((request) => {
    const last = new URL(request.url).searchParams.get("last");
    return Response.json({ tags: last ? ["3"] : ["1", "2"] }, {
      headers: last ? {} : {
        link: '</v2/a/b/tags/list?last=2&n=2>; rel="next"',
      },
    });
  });
  assertEquals([...await anonymous().tagsOf(server.image)], ["1", "2", "3"]);
});

Deno.test("tagsOf() ends, and asks nobody else, whatever a page names as next", async () => {
  await using server = serve(({ url }) => {
    const link = new URL(url).searchParams.has("again")
      ? "<http://127.0.0.1:1/v2/a/b/tags/list?last=1>"
      : "</v2/a/b/tags/list?again=1>";
    return Response.json({ tags: ["1"] }, {
      headers: { link: `${link}; rel="next"` },
    });
  });
  await anonymous().tagsOf(server.image);
  assertEquals(server.requests.length, 2);
  await using endless = serve(() =>
    Response.json({ tags: null }, {
      headers: { link: '</v2/a/b/tags/list?n=1>; rel="next"' },
    })
  );
  await anonymous().tagsOf(endless.image);
  assertEquals(endless.requests.length, 50);
});

const answers: [what: string, answer: Handler, message: string][] = [
  ["401", () => new Response(null, { status: 401 }), "docker login may help"],
  ["403", () => new Response(null, { status: 403 }), "(403)"],
  ["404", () => new Response(null, { status: 404 }), 'has no tag "1" (404)'],
  [
    "429",
    () => new Response(null, { status: 429, headers: { "retry-after": "9" } }),
    "ask again after 9 s",
  ],
  ["500", () => new Response("x", { status: 500 }), "answers with 500"],
  [
    "a web page",
    () => new Response("<html>", { headers: { "content-type": "text/html" } }),
    "is no registry",
  ],
  ["malformed JSON", () => new Response("{"), "no manifest"],
  ["other JSON", () => Response.json([]), "no manifest"],
  ["a large body", () => new Response("x".repeat(4194305)), "more than 4 MiB"],
  [
    "a digest that is none",
    () =>
      new Response(null, { headers: { "docker-content-digest": "\u00e9" } }),
    "not sha256",
  ],
  [
    "a redirect to itself",
    ({ url }) =>
      new Response(null, { status: 307, headers: { location: url } }),
    "redirects more than 5 times",
  ],
  [
    "a redirect without TLS",
    () =>
      new Response(null, {
        status: 307,
        headers: { location: "http://a.invalid/" },
      }),
    "not HTTPS",
  ],
  [
    "a token from nowhere",
    () =>
      new Response(null, {
        status: 401,
        headers: { "www-authenticate": 'Bearer realm="nowhere"' },
      }),
    "no address to get a token from",
  ],
];
for (const [what, answer, message] of answers) {
  Deno.test(`an answer that cannot be used: ${what}`, async () => {
    await using server = serve(answer);
    await assertRejects(
      () => anonymous().digestOf(server.image, "1"),
      RegistryError,
      message,
    );
  });
}

Deno.test("a list of tags that is none is told", async () => {
  await using server = serve(() => Response.json({ tags: [1] }));
  await assertRejects(
    () => anonymous().tagsOf(server.image),
    RegistryError,
    "no list of tags",
  );
});

Deno.test("a registry that is not there cannot be reached", async () => {
  await assertRejects(
    () =>
      anonymous().digestOf({ registry: "127.0.0.1:1", repository: "a" }, "1"),
    RegistryError,
    "cannot be reached",
  );
});

Deno.test("Ctrl-C ends the question with its own reason", async () => {
  const controller = new AbortController();
  await using server = serve(() => {
    controller.abort(new DOMException("Interrupted", "AbortError"));
    return stated();
  });
  const registry = new Registry(() => undefined, controller.signal);
  await assertRejects(
    () => registry.digestOf(server.image, "1"),
    DOMException,
    "Interrupted",
  );
});
