import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { needsStd, withStandIns } from "./deno.ts";

Deno.test("withStandIns() puts the flags after the subcommand", () => {
  assertEquals(withStandIns(["run", "-P=serve", "main.ts"], "map.json"), [
    "run",
    "--import-map",
    "map.json",
    "--no-lock",
    "-P=serve",
    "main.ts",
  ]);
});

Deno.test("needsStd() is about subcommands that load modules", () => {
  for (const name of ["run", "test", "check", "compile", "bench"]) {
    assert(needsStd([name, "main.ts"]), name);
  }
  for (const name of ["fmt", "lint", "task", "--version", "upgrade"]) {
    assertEquals(needsStd([name]), false, name);
  }
  assertEquals(needsStd([]), false);
});

Deno.test("needsStd() leaves an import map of the caller alone", () => {
  assertEquals(needsStd(["run", "--import-map", "x.json", "main.ts"]), false);
  assertEquals(needsStd(["run", "--import-map=x.json", "main.ts"]), false);
});

/** Starts offline/deno.ts with arguments, away from the project. */
function start(args: string[], std = "offline"): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${import.meta.dirname}/deno.ts`, ...args],
    cwd: "/",
    env: { DENO_STD: std, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test("deno.ts passes the exit code on, and notes what it did", async () => {
  const child = start([
    "eval",
    'import { STATUS_CODE } from "@std/http/status"; Deno.exit(STATUS_CODE.OK)',
  ]);
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  assertEquals([code, decoder.decode(stdout), decoder.decode(stderr)], [
    200,
    "",
    "note: @std comes from offline/, as DENO_STD asks\n",
  ]);
});

Deno.test("deno.ts passes signals on", async () => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    const child = start([
      "eval",
      `Deno.addSignalListener("${signal}", () => Deno.exit(9));
      setInterval(() => {}, 1000);
      console.log("ready");`,
    ]);
    const reader = child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    assertEquals((await reader.read()).value, "ready\n");
    child.kill(signal);
    assertEquals((await child.status).code, 9, signal);
    await reader.cancel();
    await child.stderr.cancel();
  }
});

Deno.test("deno.ts refuses a choice it does not know", async () => {
  const { code, stderr } = await start(["--version"], "npm").output();
  assertEquals(code, 2);
  assertStringIncludes(
    new TextDecoder().decode(stderr),
    'Cannot use DENO_STD "npm": expected jsr or offline',
  );
});
