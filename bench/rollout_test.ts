import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseAllDocuments } from "yaml";
import { UserError } from "../scripts/lib/errors.ts";
import { loadManifests, readOptions, withImage } from "./rollout.ts";
import { type Totals, worker } from "./rollout_load.ts";

Deno.test("readOptions() refuses a cluster that is not named", () => {
  const error = assertThrows(
    () => readOptions([]),
    UserError,
    "name a context",
  );
  assertStringIncludes(error.next, "--context NAME");
  assertThrows(() => readOptions(["--contxt", "x"]), UserError, "contxt");
  assertThrows(
    () => readOptions(["--context", "x", "--restarts", "0"]),
    UserError,
    'Cannot parse restarts "0"',
  );
});

Deno.test("readOptions() takes what is named", () => {
  assertEquals(
    readOptions(["--context", "c", "--image", "i:1", "--restarts", "2"]),
    {
      context: "c",
      image: "i:1",
      update: undefined,
      loadImage: "denoland/deno:distroless",
      restarts: 2,
    },
  );
});

Deno.test("withImage() changes the image of the deployment alone", async () => {
  const manifests = await Deno.readTextFile(
    new URL("../deploy/kubernetes.yaml", import.meta.url),
  );
  const of = (text: string) =>
    parseAllDocuments(text).map((document) => document.toJS());
  const [before, after] = [of(manifests), of(withImage(manifests, "app:2"))];
  assertEquals(
    after[0].spec.template.spec.containers[0].image,
    "app:2",
  );
  before[0].spec.template.spec.containers[0].image = "app:2";
  assertEquals(after, before);
});

Deno.test("loadManifests() hands the script to the pod", () => {
  // deno-lint-ignore no-explicit-any -- manifests of any kind
  const [map, pod] = loadManifests("deno:1", "script") as any[];
  assertEquals(map.data["load.ts"], "script");
  assertEquals(pod.spec.containers[0].image, "deno:1");
});

Deno.test("worker() counts whole answers, and all else as lost", async () => {
  let requests = 0;
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("é", { status: ++requests % 4 === 0 ? 500 : 200 }),
  );
  const { hostname, port } = server.addr;
  const target = { hostname, port, path: "/health" };
  for (const keep of [true, false]) {
    const totals: Totals = { ok: 0, lost: 0, failures: {} };
    requests = 0;
    await worker(target, keep, Date.now() + 300, totals);
    assertEquals(totals.ok + totals.lost, requests);
    assertEquals(totals.lost, Math.floor(requests / 4));
    assertStringIncludes(Object.keys(totals.failures)[0], "status 500");
  }
});

Deno.test("worker() counts a server that hangs up as lost", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const hangUp = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(512));
      await connection.write(
        new TextEncoder().encode(
          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        ),
      );
      connection.close();
    }
  })();
  const { hostname, port } = listener.addr as Deno.NetAddr;
  const totals: Totals = { ok: 0, lost: 0, failures: {} };
  await worker(
    { hostname, port, path: "/" },
    true,
    Date.now() + 100,
    totals,
  );
  assertEquals(totals.ok, 0);
  assertEquals(
    totals.failures,
    { "new connection: closed before the whole answer": totals.lost },
  );
  listener.close();
  await hangUp;
});
