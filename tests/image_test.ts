/**
 * `deno task image` as a user runs it: what it prints, what it ends with, and
 * what it says when something is wrong. The first part needs no engine.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { assembleBases } from "../scripts/bases/choose_bases.ts";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { run } from "../scripts/lib/command.ts";
import { EXIT, messageOf, UserError } from "../scripts/lib/errors.ts";
import { command, ENTRY, folder, image } from "./command_line.ts";

Deno.test("wrong use ends with 2, says what is wrong and what to do", async () => {
  await using here = await folder({
    "Dockerfile": "FROM scratch\n",
    "bad.json": '{"all":{"sise":"1 MB"}}',
    "noise.tar": "this is no archive, but it is long enough to be looked at",
    "empty.tar": "",
  });
  const cases: [args: string[], message: string, next: string][] = [
    [["--contxt", "x"], "Unknown option '--contxt'", "--context"],
    [["inspct", "x"], 'Unexpected argument "inspct"', "inspect"],
    [["--context", "none"], 'Cannot read the context "none"', "--context DIR"],
    [["--file", "Dockerfile.x"], 'the Dockerfile "Dockerfile.x"', "path"],
    [["--against", "x"], 'Cannot compare with "x"', "single-stage"],
    [["--budget", "bad.json"], 'did you mean "size"?', "Fix the file"],
    [["--contract", "none.json"], 'Cannot read "none.json"', "path"],
    [["inspect", "noise.tar"], '"noise.tar"', "next:"],
    [["inspect", "empty.tar"], '"empty.tar"', "next:"],
    [["inspect", "none.tar"], 'Cannot find the file "none.tar"', "path"],
    [["diff", "a"], "Missing required argument 'after'", "examples"],
    [["sbom", "noise.tar"], '"noise.tar"', "next:"],
  ];
  for (const [args, message, next] of cases) {
    const { code, stdout, stderr } = await image(args, { cwd: here.path });
    assertEquals([code, stdout], [EXIT.usage, ""], stderr);
    assertStringIncludes(stderr, message);
    assertStringIncludes(stderr, next);
    assert(!stderr.includes("    at "), `a stack is shown: ${stderr}`);
    const [, cause] = /^cause: (.*)$/m.exec(stderr) ?? [];
    assert(
      cause === undefined || stderr.split(cause).length === 2,
      `the cause is told twice: ${stderr}`,
    );
  }
});

Deno.test("without an engine it ends with 3 and says what to do", async () => {
  await using here = await folder({ "Dockerfile": "FROM scratch\n" });
  const { code, stderr } = await image([], {
    cwd: here.path,
    env: { PATH: here.path },
  });
  assertEquals(code, EXIT.environment, stderr);
  assertStringIncludes(stderr, "--setup");
});

Deno.test("a docker command without a daemon is no engine", async () => {
  await using here = await folder({ "Dockerfile": "FROM scratch\n" });
  const { code, stderr } = await image(["--engine", "docker"], {
    cwd: here.path,
    env: { DOCKER_HOST: `unix://${here.path}/none.sock` },
  });
  assertEquals(code, EXIT.environment, stderr);
  assertMatch(stderr, /next: .*docker/);
});

Deno.test("where a registry has the images, an engine is looked for once", async () => {
  const sh = "#!/bin/sh\n";
  await using here = await folder({
    docker: sh + 'echo x >> "${0%/*}/searches"\nexit 1\n',
    skopeo: sh,
  });
  await Deno.chmod(`${here.path}/docker`, 0o755);
  await Deno.chmod(`${here.path}/skopeo`, 0o755);
  const searches = async (...args: string[]) => {
    await Deno.writeTextFile(`${here.path}/searches`, "");
    await image(args, { env: { PATH: here.path } });
    return await Deno.readTextFile(`${here.path}/searches`);
  };
  const once = await searches("inspect", "a.example/x:1");
  assert(once.length > 0);
  assertEquals(await searches("diff", "a.example/x:1", "b.example/x:1"), once);
});

const { reason, engine } = await prepare();

/** The engine with bases on it, or why there is none. */
async function prepare() {
  try {
    const engine = await findEngine();
    await assembleBases({ engine });
    return { engine, reason: undefined };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { engine: undefined, reason: messageOf(error) };
  }
}

/** Registers a test that needs an engine. */
function withEngine(name: string, fn: () => Promise<void>) {
  const skipped = reason ? ` (skipped: ${reason})` : "";
  Deno.test({ name: name + skipped, ignore: reason !== undefined, fn });
}

/** A Dockerfile that starts a line of JavaScript. */
const starts = (code: string) =>
  `ARG BUILDER_IMAGE=denoland/deno:debian\nFROM \${BUILDER_IMAGE}\n` +
  `EXPOSE 8080\nUSER 1993\n` +
  `ENTRYPOINT ${JSON.stringify(["deno", "eval", `${code}; void 0`])}\n`;
const serves = (body: string) =>
  `Deno.serve({ port: Number(Deno.env.get("PORT") || 8080) }, () => new Response("${body}"))`;

const CONTRACT = JSON.stringify({
  healthPath: "/",
  readyTimeoutMs: 8000,
  requests: [{ path: "/", expect: { status: 200, body: "right" } }],
});

withEngine("one variant's failure keeps the others' results", async () => {
  await using here = await folder({
    "contract.json": CONTRACT,
    "Dockerfile": starts(serves("right")),
    "Dockerfile.wrong": starts(serves("wrong")),
    "Dockerfile.dies": starts(
      "console.error('no configuration'); Deno.exit(7)",
    ),
    "Dockerfile.silent": starts(
      "console.error('thinking'); setInterval(() => {}, 1000)",
    ),
    "Dockerfile.broken": starts(serves("right")).replace(
      "EXPOSE",
      "RUN echo the reason is here >&2 && exit 3\nEXPOSE",
    ),
  });
  const { code, stdout, stderr } = await image(
    ["--bases", "packages", "--quick", "--json"],
    { cwd: here.path },
  );
  assertEquals(code, EXIT.checkFailed, stderr);
  const report = JSON.parse(stdout);
  const contract = Object.fromEntries(
    report.variants.map((
      variant: { name: string; contract: { status: string; detail: string }[] },
    ) => [variant.name, variant.contract[0]]),
  );
  assertEquals(contract["single-stage"].status, "pass");
  assertEquals(contract.wrong.status, "fail");
  assertStringIncludes(contract.wrong.detail, "right");
  assertStringIncludes(contract.dies.detail, "no configuration");
  assertStringIncludes(contract.dies.detail, "7");
  assertStringIncludes(contract.silent.detail, "thinking");
  assertEquals(report.failures.length, 1);
  assertEquals(report.failures[0].name, "broken");
  assertStringIncludes(report.failures[0].output, "the reason is here");
  for (const { image } of report.variants) {
    await engine?.remove(image.reference);
  }
});

withEngine("Ctrl-C during a build stops it and cleans up", async () => {
  await using here = await folder({
    "Dockerfile": starts("").replace("EXPOSE", "RUN sleep 297\nEXPOSE"),
  });
  const child = command(["--bases", "packages", "--verbose"], {
    cwd: here.path,
  }).spawn();
  const errors = child.stderr.pipeThrough(new TextDecoderStream());
  let text = "";
  let interrupted = false;
  const drained = child.stdout.pipeTo(new WritableStream());
  for await (const chunk of errors) {
    text += chunk;
    if (!interrupted && text.includes("sleep 297")) {
      interrupted = true;
      child.kill("SIGINT");
    }
  }
  await drained;
  assertEquals((await child.status).code, 130, text);
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "args"] })
    .output();
  assert(
    !/^sleep 297$/m.test(new TextDecoder().decode(stdout)),
    "the build goes on",
  );
});

withEngine(
  "a base that no registry has ends with 3 and a next step",
  async () => {
    await using here = await folder({
      "Dockerfile":
        "ARG BUILDER_IMAGE=127.0.0.1:1/none:1\nFROM ${BUILDER_IMAGE}\n",
    });
    const { code, stderr } = await image(["--bases", "registry"], {
      cwd: here.path,
    });
    assertEquals(code, EXIT.environment, stderr);
    assertStringIncludes(stderr, "127.0.0.1:1/none:1");
    assertStringIncludes(stderr, "--bases packages");
  },
);

const PUBLIC = {
  builder: "denoland/deno:debian-2.9.7",
  runtime: "gcr.io/distroless/cc-debian13:nonroot",
};

Deno.test({
  name: "the registry path: the Dockerfiles' own bases, no argument for them" +
    (engine?.name === "docker" ? "" : " (skipped: needs Docker)"),
  ignore: engine?.name !== "docker",
  async fn() {
    assert(engine);
    // Stand-ins under the public names, unless the real ones are there.
    const bases = await assembleBases({ engine });
    const lent: string[] = [];
    for (const base of ["builder", "runtime"] as const) {
      if (await engine.inspect(PUBLIC[base]) !== undefined) continue;
      await run(engine.name, ["tag", bases[base], PUBLIC[base]]);
      lent.push(PUBLIC[base]);
    }
    await using out = await folder({});
    try {
      const { code, stdout, stderr } = await image([
        ...["--context", join(ENTRY, "../.."), "--bases", "registry"],
        ...["--file", "Dockerfile.multistage", "--quick", "--json"],
        ...["--out", join(out.path, "report")],
        // Not about the bases: without it, the build asks jsr.io for @std.
        "--build-arg",
        "DENO_FLAGS=--import-map offline/import_map.json --no-lock",
      ], { cwd: out.path });
      assertEquals(code, EXIT.ok, stderr);
      const report = JSON.parse(stdout);
      assertEquals(report.bases.source, "registry");
      assertEquals(
        [report.bases.builder, report.bases.runtime],
        [PUBLIC.builder, PUBLIC.runtime],
      );
      assertEquals(
        report.variants[0].contract.every((c: { status: string }) =>
          c.status === "pass"
        ),
        true,
      );
    } finally {
      for (const tag of lent) await engine.remove(tag);
    }
  },
});
