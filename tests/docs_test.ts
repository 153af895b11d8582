/**
 * Types the lab along: every command of `docs/lab.md` runs, in order, against a
 * real Docker daemon. Only build arguments differ from the text, as they would
 * behind a mirror.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { chooseBases } from "../scripts/bases/choose_bases.ts";
import { findEngine } from "../scripts/engine/find_engine.ts";

const ROOT = join(import.meta.dirname ?? ".", "..");

/** The commands of a page's `sh` blocks, in order. */
function commands(page: string): string[] {
  return [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block]) => block.split("\n"))
    .filter((line) => line !== "" && !line.startsWith("#"));
}

async function findDocker() {
  try {
    return { engine: await findEngine({ engine: "docker" }), why: "" };
  } catch (error) {
    return { engine: undefined, why: (error as Error).message };
  }
}

const { engine, why } = await findDocker();
if (!engine) console.error(`skipped: docs/lab.md needs Docker: ${why}`);

/** Runs a line as a shell would; its two streams together. */
async function type(line: string): Promise<{ code: number; output: string }> {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", line],
    cwd: ROOT,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, output: decode(stdout) + decode(stderr) };
}

/** The line with what this machine needs: another base, this Deno, this port. */
function adapt(
  line: string,
  buildArgs: Record<string, string>,
  port: number,
): string {
  const flags = Object.entries(buildArgs)
    .map(([name, value]) => `--build-arg '${name}=${value}'`).join(" ");
  return line
    .replace(
      /(^|\| )docker build (?!.* -$)/,
      `$1DOCKER_BUILDKIT=1 docker build ${flags} `,
    )
    .replace(/127\.0\.0\.1:8080/g, `127.0.0.1:${port}`)
    .replace(/hello(?=[: ]|$)/g, "lab-hello")
    .replace(/\/lab-hello/g, "/hello")
    .replace(
      /^deno task image(.*)$/,
      `'${Deno.execPath()}' run -A scripts/image.ts$1 --out '${OUT}'`,
    )
    .replace(/(inspect|diff) (.*) --out '.*'$/, "$1 $2")
    // Other tests need what it would remove.
    .replace(/ clean --out '.*'$/, " clean --dry-run");
}

const OUT = engine ? await Deno.makeTempDir() : "";

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

Deno.test({
  name: "docs/lab.md can be typed along",
  ignore: engine === undefined,
  async fn() {
    assert(engine);
    const page = await Deno.readTextFile(join(ROOT, "docs/lab.md"));
    const lines = commands(page);
    assert(lines.length > 15, "the lab has its commands in sh blocks");
    const { buildArgs } = await chooseBases({
      wanted: "packages",
      engine,
      defaults: { builder: "", runtime: "" },
      denoFlags: "--import-map offline/import_map.json --no-lock",
    });
    const port = freePort();
    try {
      for (const line of lines) {
        const run = adapt(line, buildArgs, port);
        const { code, output } = await type(run);
        assertEquals(code, 0, `${run}\n${output}`);
        if (/^curl .*8080\/$/.test(line)) assertStringIncludes(output, "<3");
        if (/\/health$/.test(line)) {
          assertStringIncludes(output, '{"Status":"OK"}');
        }
      }
    } finally {
      await type("docker rm -f lab-hello");
      await type(
        "docker rmi lab-hello:single lab-hello:multi lab-hello:bare lab-hello:scratch lab-hello:layered",
      );
      await Deno.remove(OUT, { recursive: true });
    }
  },
});

Deno.test("the README gives the two commands and no other for a fresh machine", async () => {
  const readme = await Deno.readTextFile(join(ROOT, "README.md"));
  assertStringIncludes(readme, "npx -y deno task image --setup");
  assertStringIncludes(readme, "npx -y deno task test");
  const ci = await Deno.readTextFile(join(ROOT, ".ci/run"));
  assertStringIncludes(ci, "npx -y deno task image --setup");
  assertStringIncludes(ci, "npx -y deno task test");
});

Deno.test("every test that SECURITY.md counts on is there", async () => {
  const page = await Deno.readTextFile(join(ROOT, "SECURITY.md"));
  const paths = [...page.matchAll(/`((?:tests|scripts)\/\S+\.ts)`/g)];
  assert(paths.length > 15);
  for (const [, path] of paths) {
    assertStringIncludes(
      await Deno.readTextFile(join(ROOT, path)),
      "Deno.test",
    );
  }
});
