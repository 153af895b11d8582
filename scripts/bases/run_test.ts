import { assert, assertEquals, assertRejects } from "@std/assert";
import { debianError } from "./debian.ts";
import { readOutput } from "./read_output.ts";
import { run, start } from "./run.ts";
import { bytesOf, readTar } from "./tar.ts";

const sh = (script: string): [string, string[]] => ["sh", ["-c", script]];

Deno.test("run() returns stdout, the end of stderr and the exit code", async () => {
  const lines: string[] = [];
  const ended = await run(...sh("cat; echo one >&2; echo two >&2; exit 3"), {
    input: "given",
    onLine: (line) => lines.push(line),
  });
  assertEquals(ended, { code: 3, stdout: "given", tail: "one\ntwo" });
  assertEquals(lines, ["one", "two"]);
});

Deno.test("run() returns undefined when there is no such program", async () => {
  assertEquals(await run("no-such-program-here", []), undefined);
});

Deno.test("run() stops a program and what it started, and throws the reason", async () => {
  const stop = new AbortController();
  const running = run(...sh("sleep 600 & echo started >&2; wait"), {
    signal: stop.signal,
    onLine: () => stop.abort(new Error("stopped")),
  });
  // It only ends when the pipe that sleep holds is closed.
  await assertRejects(() => running, Error, "stopped");
});

Deno.test("run() lets a program that is leaving do so, and signals only once", async () => {
  const stop = new AbortController();
  const lines: string[] = [];
  const script = "trap 'echo TERM >&2' TERM; echo go >&2; read x; " +
    "echo leaving >&2; read x; echo left >&2";
  const running = start(...sh(script), {
    signal: stop.signal,
    leaving: /^leaving$/,
    onLine: (line) => {
      lines.push(line);
      if (line === "leaving") stop.abort();
    },
    input: "one\ntwo\n",
  });
  await running?.ended;
  running?.stop();
  await running?.stdout.cancel();
  assertEquals(lines, ["go", "leaving", "left"]);
});

Deno.test("readOutput() says what a failed process said, not that its tar is broken", async () => {
  const running = start(...sh("printf broken; echo 'NO_PUBKEY 1' >&2; exit 2"));
  assert(running);
  const read = async (stdout: ReadableStream<Uint8Array>) => {
    for await (const { body } of readTar(stdout)) await bytesOf(body);
  };
  await assertRejects(
    () => readOutput(running, read, debianError),
    Error,
    "signatures",
  );
});

Deno.test("readOutput() stops a process whose output cannot be used", async () => {
  const running = start(...sh("echo out; sleep 600"));
  assert(running);
  const read = () => Promise.reject(new Error("the disk is full"));
  await assertRejects(
    () => readOutput(running, read, debianError),
    Error,
    "the disk is full",
  );
});
