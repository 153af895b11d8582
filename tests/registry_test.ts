/**
 * Images that no engine has: read from a registry of this host, by name.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../scripts/engine/free_port.ts";
import { makeDockerArchive } from "../testing/archive.ts";
import { folder, image } from "./command_line.ts";

/** Tools that the test takes and that are not here. */
const lacking = (await Promise.all(
  ["docker-registry", "skopeo"].map(async (name) => {
    const { success } = await new Deno.Command("sh", {
      args: ["-c", 'command -v "$1"', "sh", name],
      stdout: "null",
    }).output();
    return success ? [] : [name];
  }),
)).flat();

/** A registry that runs; disposing of it ends it. */
async function startRegistry(place: string) {
  const port = freePort();
  const config = `${place}/registry.yml`;
  await Deno.writeTextFile(
    config,
    `version: 0.1
storage: {filesystem: {rootdirectory: ${place}/data}}
http: {addr: "127.0.0.1:${port}"}
`,
  );
  const child = new Deno.Command("docker-registry", {
    args: ["serve", config],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const host = `127.0.0.1:${port}`;
  for (let tries = 0; tries < 100; tries++) {
    const ready = await fetch(`http://${host}/v2/`)
      .then(async (response) => (await response.text(), response.ok))
      .catch(() => false);
    if (ready) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    host,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.status;
    },
  };
}

Deno.test({
  name: lacking.length > 0
    ? `an image of a registry is inspected by its name (skipped: no ${
      lacking.join(", no ")
    })`
    : "an image of a registry is inspected by its name",
  ignore: lacking.length > 0,
  async fn() {
    await using place = await folder({
      "image.tar": makeDockerArchive({
        layers: [[{ path: "app", content: "hello" }]],
        tags: ["app:1"],
      }),
    });
    await using registry = await startRegistry(place.path);
    const name = `${registry.host}/team/app:1`;
    const { success, stderr } = await new Deno.Command("skopeo", {
      // deno-fmt-ignore
      args: [
        "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false",
        `docker-archive:${place.path}/image.tar`, `docker://${name}`,
      ],
    }).output();
    assertEquals(success, true, new TextDecoder().decode(stderr));

    const found = await image(["inspect", name, "--json"]);
    assertEquals(found.code, 0, found.stderr);
    const variant = JSON.parse(found.stdout);
    assertEquals([variant.name, variant.rootfs], [name, {
      bytes: 5,
      files: 1,
    }]);

    const none = await image(["inspect", `${registry.host}/team/none:1`]);
    assertEquals(none.stdout, "");
    assertStringIncludes(
      none.stderr,
      `Cannot find the image "${registry.host}/team/none:1"`,
    );
    assertStringIncludes(none.stderr, "next:");
  },
});
