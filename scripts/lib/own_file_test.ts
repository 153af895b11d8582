import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UserError } from "./errors.ts";
import { ownFile, pageAddress, programName } from "./own_file.ts";

Deno.test("ownFile() reads from disk in a clone", async () => {
  assertStringIncludes(await ownFile("LICENSE"), "MIT License");
});

Deno.test("ownFile() fetches where the package came from", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ url }) =>
      new URL(url).pathname === "/1.0.0/Dockerfile"
        ? new Response("FROM scratch")
        : new Response(null, { status: 404 }),
  );
  const root = new URL(`http://127.0.0.1:${server.addr.port}/1.0.0/`);
  assertEquals(await ownFile("Dockerfile", root), "FROM scratch");
  const error = await assertRejects(
    () => ownFile("other", root),
    UserError,
    "status 404",
  );
  assertEquals(error.exitCode, 3);
});

Deno.test("programName() and pageAddress() are right for who called", () => {
  const root = "file:///tool/";
  const calls = [
    { root, folder: "/tool" },
    { root, folder: "/tool", from: "/tool" },
    { root, folder: "/tool", from: "/service" },
    { root, folder: "/service" },
    { root: "https://example/@x/y/1.0.0/", folder: "/service" },
  ];
  assertEquals(
    calls.map(programName).map((name) => name.replace(/jsr:.*/, "jsr:…")),
    [
      "deno task image",
      "deno task image",
      "deno task --config /tool/deno.json image",
      "deno run -A /tool/scripts/image.ts",
      "deno run -A jsr:…",
    ],
  );
  assertEquals(calls.map((call) => pageAddress("x.md", call)), [
    "docs/x.md",
    "docs/x.md",
    "/tool/docs/x.md",
    "/tool/docs/x.md",
    "https://example/@x/y/1.0.0/docs/x.md",
  ]);
});
