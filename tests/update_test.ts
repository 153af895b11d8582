/**
 * `deno task image update` as a user runs it: against a registry of a few lines,
 * and, where there is one to start, against a real one that a build pulls from.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { run } from "../scripts/command.ts";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { freePort } from "../scripts/engine/free_port.ts";
import { EXIT, messageOf } from "../scripts/errors.ts";
import type { Update } from "../scripts/update_schema.ts";
import { folder, image } from "./command_line.ts";

const [OLD, NEW] = ["0a", "0b"].map((byte) => `sha256:${byte.repeat(32)}`);

Deno.test("update says what is newer, and pins only what it was asked", async () => {
  const tags: Record<string, string> = { "base-1.9": NEW, "base-1.10": NEW };
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      const path = new URL(request.url).pathname;
      if (path === "/v2/a/b/tags/list") {
        return Response.json({ tags: Object.keys(tags) });
      }
      const digest = tags[path.split("/manifests/")[1]];
      return new Response(null, {
        status: digest ? 200 : 404,
        headers: digest ? { "docker-content-digest": digest } : {},
      });
    },
  );
  const base = `127.0.0.1:${server.addr.port}/a/b`;
  const text = (tag: string) =>
    `# ${base}:${tag}\nARG BASE=${base}:${tag}\nFROM \${BASE} AS build\n`;
  await using here = await folder({
    "Dockerfile": text("base-1.9"),
    "Dockerfile.two": `${text("base-1.9")}FROM ${base}:base-1.10@${OLD}\n`,
  });
  const update = async (...args: string[]) => {
    const { code, stdout, stderr } = await image(
      ["update", "--json", ...args],
      { cwd: here.path, env: { DOCKER_CONFIG: here.path } },
    );
    assert(stdout !== "", stderr);
    return { code, images: (JSON.parse(stdout) as Update).images, stderr };
  };

  const first = await update();
  assertEquals(first.code, EXIT.ok);
  assertEquals(first.images, [
    {
      reference: `${base}:base-1.9`,
      dockerfiles: ["Dockerfile", "Dockerfile.two"],
      status: "unpinned",
      tag: "base-1.9",
      current: NEW,
      newerTag: "base-1.10",
    },
    {
      reference: `${base}:base-1.10@${OLD}`,
      dockerfiles: ["Dockerfile.two"],
      status: "newer",
      tag: "base-1.10",
      pinned: OLD,
      current: NEW,
    },
  ]);
  assertEquals((await update("--exit-code")).code, EXIT.checkFailed);

  const only = await image(["update", "--write", "--file", "Dockerfile"], {
    cwd: here.path,
  });
  assertEquals(only.code, EXIT.ok, only.stderr);
  assertStringIncludes(only.stdout, `+ ARG BASE=${base}:base-1.9@${NEW}`);
  const read = (name: string) => Deno.readTextFile(join(here.path, name));
  assertEquals(
    await read("Dockerfile"),
    `# ${base}:base-1.9\nARG BASE=${base}:base-1.9@${NEW}\nFROM \${BASE} AS build\n`,
  );
  assertStringIncludes(await read("Dockerfile.two"), OLD);

  await update("--write");
  const [one, two] = [await read("Dockerfile"), await read("Dockerfile.two")];
  assert(two.startsWith(one), "what was the same in both still is");
  assertStringIncludes(two, `FROM ${base}:base-1.10@${NEW}\n`);
  assertEquals((await update()).images.map(({ status }) => status), [
    "current",
    "current",
  ]);

  delete tags["base-1.9"];
  const gone = await update();
  assertEquals(gone.code, EXIT.environment);
  assertEquals(gone.images.map(({ status }) => status), ["unknown", "current"]);
  assertStringIncludes(gone.images[0].problem ?? "", "(404)");
  assertStringIncludes(gone.stderr, "next:");
});

async function findDocker() {
  try {
    const engine = await findEngine({ engine: "docker" });
    await run("docker-registry", ["--version"]);
    return { engine, why: "" };
  } catch (error) {
    return { engine: undefined, why: messageOf(error) };
  }
}

const { engine, why } = await findDocker();

Deno.test({
  name: "a build pulls what update has pinned, from a real registry" +
    (engine ? "" : ` (skipped: ${why})`),
  ignore: engine === undefined,
  async fn() {
    assert(engine);
    const port = await freePort();
    const base = `127.0.0.1:${port}/bases/small:nonroot`;
    await using here = await folder({
      "registry/config.yml":
        `version: 0.1\nstorage: {filesystem: {rootdirectory: data}}\nhttp: {addr: "127.0.0.1:${port}"}\n`,
      "base/Dockerfile": "FROM scratch\nCOPY Dockerfile /is-small\n",
      "context/Dockerfile":
        `ARG RUNTIME_IMAGE=${base}\nFROM \${RUNTIME_IMAGE}\nUSER 65532\n`,
    });
    const at = (path: string) => join(here.path, path);
    const registry = new Deno.Command("docker-registry", {
      args: ["serve", "config.yml"],
      cwd: at("registry"),
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let pinned = "";
    try {
      await engine.build({
        context: at("base"),
        dockerfile: at("base/Dockerfile"),
        tag: base,
      });
      await pushTo(base);
      await engine.remove(base);

      const context = ["--context", at("context")];
      const { code, stderr } = await image(["update", "--write", ...context]);
      assertEquals(code, EXIT.ok, stderr);
      const text = await Deno.readTextFile(at("context/Dockerfile"));
      pinned = /^ARG RUNTIME_IMAGE=(.*)$/m.exec(text)?.[1] ?? "";
      assert(pinned.startsWith(`${base}@sha256:`), text);

      const built = await image([
        ...[...context, "--bases", "auto", "--engine", "docker"],
        ...["--quick", "--json", "--out", at("report")],
      ]);
      const report = JSON.parse(built.stdout || "null");
      assert(report, built.stderr);
      assertEquals(report.bases.source, "registry");
      assertEquals(report.bases.runtime, pinned);
      assertEquals(report.variants[0].rootfs.files, 1);
      await engine.remove(report.variants[0].image.reference);
    } finally {
      registry.kill("SIGTERM");
      await registry.status;
      if (pinned !== "" && await engine.inspect(pinned) !== undefined) {
        await engine.remove(pinned);
      }
    }
  },
});

/** Pushes as soon as the registry answers, for at most 20 seconds. */
async function pushTo(name: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (true) {
    try {
      await run("docker", ["push", "--quiet", name]);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
