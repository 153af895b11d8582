import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UserError } from "./errors.ts";
import { ownFile } from "./own_file.ts";

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
