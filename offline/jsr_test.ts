/**
 * The road that cannot be tried where jsr.io is out of reach: the `jsr:` imports
 * of `deno.json`, resolved by Deno itself against a registry on this host.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const project = `${import.meta.dirname}/..`;

/** What the registry offers: a package's version, exports and files. */
const packages: Record<string, { version: string; exports: string[][] }> = {
  "@std/assert": { version: "1.0.19", exports: [[".", "assert.ts"]] },
  "@std/http": { version: "1.1.0", exports: [["./status", "status.ts"]] },
  "@std/testing": { version: "1.0.19", exports: [["./mock", "mock.ts"]] },
};
const files = ["assert.ts", "mock.ts", "status.ts"];

Deno.test("the jsr: imports of deno.json resolve, and main_test.ts passes", async () => {
  await using registry = serveRegistry();
  await using copy = await copyProject();
  const { code, output } = await deno(copy.path, registry.url, [
    "test",
    "-P=serve",
    "--no-lock",
    "main_test.ts",
  ]);
  assertEquals(code, 0, output);
  assertMatch(output, /16 passed \| 0 failed/);
  assertEquals(registry.asked("/mock.ts"), 1);
});

Deno.test("offline/deno.ts stands aside when the registry answers", async () => {
  await using registry = serveRegistry();
  await using copy = await copyProject();
  const { code, output } = await deno(copy.path, registry.url, [
    "run",
    "-A",
    "offline/deno.ts",
    "check",
    "--no-lock",
    "main_test.ts",
  ]);
  assertEquals(code, 0, output);
  assertEquals(output.includes("offline/, "), false, output);
  assertEquals(registry.asked("/status.ts"), 1);
});

Deno.test("offline/deno.ts steps in, and says so, when the registry is down", async () => {
  const registry = serveRegistry();
  await registry[Symbol.asyncDispose]();
  await using copy = await copyProject();
  const { code, output } = await deno(copy.path, registry.url, [
    "run",
    "-A",
    "offline/deno.ts",
    "check",
    "main_test.ts",
  ]);
  assertEquals(code, 0, output);
  assertStringIncludes(output, "note: @std comes from offline/, as jsr.io");
});

Deno.test("offline/deno.ts stands aside when all is cached", async () => {
  await using copy = await copyProject();
  const registry = serveRegistry();
  const first = await deno(copy.path, registry.url, ["cache", "main_test.ts"]);
  await registry[Symbol.asyncDispose]();
  assertEquals(first.code, 0, first.output);
  const { code, output } = await deno(copy.path, registry.url, [
    "run",
    "-A",
    "offline/deno.ts",
    "check",
    "main_test.ts",
  ]);
  assertEquals(code, 0, output);
  assertEquals(output.includes("offline/, "), false, output);
});

/** Serves the modules of offline/ as a JSR registry would. */
function serveRegistry() {
  const asked: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      const [, scope, name, rest, file] = pathname.split("/");
      const found = packages[`${scope}/${name}`];
      if (!found) return new Response(null, { status: 404 });
      const { version, exports } = found;
      if (rest === "meta.json") {
        return Response.json({
          scope,
          name,
          latest: version,
          versions: { [version]: {} },
        });
      }
      if (rest === `${version}_meta.json`) {
        return Response.json({
          manifest: Object.fromEntries(
            await Promise.all(files.map(async (file) => {
              const bytes = await Deno.readFile(`${project}/offline/${file}`);
              const checksum = `sha256-${await sha256(bytes)}`;
              return [`/${file}`, { size: bytes.length, checksum }];
            })),
          ),
          exports: Object.fromEntries(
            exports.map(([key, file]) => [key, `./${file}`]),
          ),
        });
      }
      return files.includes(file)
        ? new Response(await Deno.readFile(`${project}/offline/${file}`), {
          headers: { "content-type": "application/typescript" },
        })
        : new Response(null, { status: 404 });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    asked: (end: string) => asked.filter((path) => path.endsWith(end)).length,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A copy of what the service needs, without the lock, and a cache of its own. */
async function copyProject() {
  const path = await Deno.makeTempDir({ prefix: "jsr-test-" });
  for (const file of ["deno.json", "main.ts", "main_test.ts"]) {
    await Deno.copyFile(`${project}/${file}`, `${path}/${file}`);
  }
  await Deno.mkdir(`${path}/offline`);
  for (const file of [...files, "deno.ts", "import_map.json"]) {
    await Deno.copyFile(
      `${project}/offline/${file}`,
      `${path}/offline/${file}`,
    );
  }
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

async function deno(cwd: string, registry: string, args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: {
      JSR_URL: registry,
      DENO_DIR: `${cwd}/.deno`,
      DENO_STD: "",
      NO_COLOR: "1",
    },
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
