/**
 * The benchmarks, so short that their figures mean nothing: they must not rot.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { missing, output } from "../bench/commands.ts";
import { messageOf } from "../scripts/lib/errors.ts";
import { findCompiler } from "./compiler.ts";

const ROOT = new URL("..", import.meta.url);

let compiles: Promise<string | undefined> | undefined;

/** Why nothing compiles here, if so. */
async function lackOfCompiler(): Promise<string | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "bench-test-" });
  try {
    const { reason } = await findCompiler(folder);
    return reason && `nothing compiles here: ${reason}`;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Why the benchmarks with these tools cannot run here, if so. */
async function lack(tools: string[]): Promise<string | undefined> {
  const [tool] = await missing(tools);
  if (tool !== undefined) return `there is no ${tool}`;
  if (tools.includes("go")) {
    const cwd = new URL("bench/peers/echo/", ROOT);
    const fetched = output(["go", "mod", "download"], { cwd });
    const why = await fetched.then(() => undefined, messageOf);
    if (why !== undefined) return why;
  }
  return await (compiles ??= lackOfCompiler());
}

async function bench(args: string[], env: Record<string, string>) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

const SHORT = { ROUNDS: "1", SECONDS: "1", STARTS: "1" };

/** A benchmark that is skipped, with the reason, where it cannot run. */
function test(name: string, tools: string[], fn: () => Promise<void>) {
  Deno.test(name, async () => {
    const why = await lack(tools);
    if (why === undefined) await fn();
    else console.warn(`skipped: ${name}: ${why}`);
  });
}

test(
  "throughput compares the service with Echo",
  ["wrk", "taskset", "go"],
  async () => {
    const { code, stdout, stderr } = await bench(
      ["bench/throughput.ts"],
      SHORT,
    );
    assertEquals(code, 0, stderr);
    for (const path of ["/", "/health"]) {
      assertStringIncludes(stdout, `GET ${path}: 64 connections`);
    }
    assertMatch(stdout, /^hello \/ echo: requests\/s \d+\.\d\d /m);
  },
);

test("soak tells how each level went", ["wrk", "taskset"], async () => {
  // So short a load may well grow; that it says so is what is asked of it.
  const { code, stdout, stderr } = await bench(["bench/soak.ts"], SHORT);
  const lines = stdout.split("\n").filter((line) => /^(PASS|FAIL) /.test(line));
  assertEquals(lines.length, 3, stderr);
  assertEquals(
    code,
    lines.some((line) => line.startsWith("FAIL")) ? 1 : 0,
    stderr,
  );
  for (const line of lines) assertMatch(line, / \d[\d,]* requests, 0 errors, /);
});

Deno.test("a benchmark whose tools are not here is skipped, and says so", async () => {
  const { code, stdout } = await bench(["bench/all.ts", "inspect"], {
    DIVE: "no-such-dive",
  });
  assertEquals(code, 0);
  assertStringIncludes(stdout, "skipped: not found: no-such-dive");
});

Deno.test("an unknown benchmark is wrong use", async () => {
  const { code, stderr } = await bench(["bench/all.ts", "speed"], {});
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'Unknown benchmark "speed"');
});

Deno.test("a setting that is no number is wrong use", async () => {
  const { code, stderr } = await bench(["bench/soak.ts"], { SECONDS: "long" });
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'Cannot use SECONDS="long"');
});
