/**
 * No egress, by experiment: a service with the permissions that ship tries to
 * get out and is refused; with all permissions it gets out, and both checks of
 * it fail.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { programSink } from "../scripts/deno_binary/program_sink.ts";
import type { ElfFacts } from "../scripts/deno_binary/program_sink.ts";
import { assembleBases } from "../scripts/bases/choose_bases.ts";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { messageOf, UserError } from "../scripts/lib/errors.ts";
import { contractSchema } from "../scripts/check/contract_schema.ts";
import { parseJson } from "../scripts/lib/parse_json.ts";
import {
  checkNothingOpened,
  checkRefused,
} from "../scripts/check/check_egress.ts";
import { waitUntilReady } from "../scripts/check/run_service.ts";
import { findCompiler, shippedFlags } from "./compiler.ts";

const PROJECT = `${import.meta.dirname}/..`;
/** Our service, with a page that tries every kind of egress. */
const PROBE = `
import { connect } from "node:net";
import { handler, parsePort, serve } from "./main.ts";

async function outcome(attempt: () => unknown): Promise<string> {
  try {
    const late = new Promise((resolve) => setTimeout(resolve, 1000));
    await Promise.race([attempt(), late]);
    return "out";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

function ways(hostname: string, port: number) {
  return {
    connect: () => Deno.connect({ hostname, port }),
    fetch: () => fetch(\`http://\${hostname}:\${port}/\`),
    node: () => new Promise((resolve, reject) =>
      connect(port, hostname, () => resolve(null)).on("error", reject)),
    socket: () => new WebSocket(\`ws://\${hostname}:\${port}/\`),
    lookup: () => Deno.resolveDns("a.test", "A", { nameServer: { ipAddr: hostname, port } }),
    // Ended by the signal: it would serve on after this one.
    program: () => new Deno.Command(Deno.execPath(), {
      args: ["x"], signal: AbortSignal.timeout(500),
    }).output(),
  };
}

await serve(parsePort(Deno.env.get("PORT")), async (request) => {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname !== "/out") return handler(request);
  const [hostname, port] = [searchParams.get("host") ?? "", Number(searchParams.get("port"))];
  const found: Record<string, string> = {};
  for (const [name, attempt] of Object.entries(ways(hostname, port))) {
    found[name] = await outcome(attempt);
  }
  return Response.json(found);
});
`;

const folder = await Deno.makeTempDir({ prefix: "egress-test-" });
globalThis.addEventListener(
  "unload",
  () => Deno.removeSync(folder, { recursive: true }),
);
const { compile, reason } = await findCompiler(folder);
if (!compile) console.warn(`skipped, as nothing compiles here: ${reason}`);

/** Asks a program for each kind of egress; another address of this host stands for another host. */
async function tryWaysOut(program: string) {
  using listener = Deno.listen({ hostname: "127.0.0.2", port: 0 });
  let reached = 0;
  const accepting = (async () => {
    for await (const connection of listener) {
      reached++;
      connection.close();
    }
  })();
  const child = new Deno.Command(program, {
    env: { PORT: "0" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const port = /:(\d+)\/\n/.exec((await reader.read()).value ?? "")?.[1];
    const { port: target } = listener.addr;
    const response = await fetch(
      `http://127.0.0.1:${port}/out?host=127.0.0.2&port=${target}`,
    );
    const found: Record<string, string> = await response.json();
    return { found, reached: () => reached };
  } finally {
    child.kill("SIGKILL");
    await child.status;
    listener.close();
    await reader.cancel();
    await accepting.catch(() => {});
  }
}

/** What the analysis reads from a program, as it does in an image. */
async function permissionsOf(program: string) {
  const bytes = await Deno.readFile(program);
  const sink = programSink({
    path: "hello",
    type: "file",
    size: bytes.length,
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
  });
  sink.write(bytes);
  return (sink.end() as ElfFacts | undefined)?.program?.permissions;
}

Deno.test({
  name:
    "the permissions that ship refuse all egress, and the check tells them from others",
  ignore: !compile,
  async fn() {
    assert(compile);
    const source = `${folder}/probe.ts`;
    await Deno.writeTextFile(source, PROBE);
    await Deno.copyFile(`${PROJECT}/main.ts`, `${folder}/main.ts`);
    const text = await Deno.readTextFile(`${PROJECT}/contract.json`);
    const contract = parseJson(text, "contract.json", contractSchema);

    const strict = await compile(source, "strict", await shippedFlags());
    const { found, reached } = await tryWaysOut(strict);
    assertEquals(found, {
      connect: "NotCapable",
      fetch: "NotCapable",
      node: "Error", // Of its own kind, as Node has no permissions.
      socket: "NotCapable",
      lookup: "NotCapable",
      program: "NotCapable",
    });
    assertEquals(reached(), 0);
    assertEquals(
      checkRefused(await permissionsOf(strict), contract).status,
      "pass",
    );

    const loose = await compile(source, "loose", ["--no-prompt", "-A"]);
    const out = await tryWaysOut(loose);
    assertEquals([out.found.connect, out.found.program], ["out", "out"]);
    assert(out.reached() > 0);
    const check = checkRefused(await permissionsOf(loose), contract);
    assertEquals(
      [check.status, check.detail],
      [
        "fail",
        "it may reach any host; any program it starts; any native library",
      ],
    );
  },
});

const { engine, builder, without } = await prepare();

/** A Docker with bases on it: there, a container's network is its own. */
async function prepare() {
  try {
    const engine = await findEngine({ engine: "docker" });
    return { engine, builder: (await assembleBases({ engine })).builder };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { without: messageOf(error) };
  }
}

/** Serves; asks the bridge, which is this host, when it is told to. */
const SERVES = `
const port = Number(Deno.env.get("PORT"));
if (Deno.env.get("LOUD")) {
  const [, line] = Deno.readTextFileSync("/proc/net/route").split("\\n");
  const hex = line.split("\\t")[2].match(/../g) ?? [];
  const hostname = hex.reverse().map((byte) => parseInt(byte, 16)).join(".");
  await Deno.connect({ hostname, port: 9 }).catch(() => {});
}
Deno.serve({ port }, () => new Response("ok"));
void 0`;

Deno.test({
  name: "a connection that a container opens is seen from outside" +
    (without ? ` (skipped: ${without})` : ""),
  ignore: engine === undefined,
  async fn() {
    assert(engine && builder);
    const contract = contractSchema.parse({
      healthPath: "/",
      egress: [],
      requests: [{ path: "/", expect: {} }],
    });
    for (const [loud, status] of [["", "pass"], ["1", "fail"]]) {
      await using container = await engine.run({
        image: builder,
        port: 8080,
        env: { LOUD: loud },
        args: ["eval", SERVES],
      });
      await waitUntilReady(container, contract);
      const { url = "" } = container;
      const check = await checkNothingOpened({ container, url }, contract);
      assertEquals(check.status, status, check.detail);
    }
  },
});
