import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  attempt,
  byteStream,
  CommandFailed,
  CommandNotFound,
  lines,
  run,
  runs,
  start,
  Tail,
} from "./command.ts";
import { ending, lives } from "../../testing/processes.ts";

/** Starts a shell that prints the id of a child of its own, and waits. */
async function shellWithChild(script: string, signal?: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<number>();
  const child = start("sh", ["-c", script], {
    signal,
    graceMs: 100,
    onLine: (line) => resolve(Number(line)),
  });
  return { child, grandchild: await promise };
}

Deno.test("run() gives standard output, and both streams to onLine", async () => {
  const seen: string[] = [];
  const stdout = await run("sh", ["-c", "echo out; echo err >&2"], {
    onLine: (line) => seen.push(line),
  });
  assertEquals(stdout, "out\n");
  assertEquals(seen.sort(), ["err", "out"]);
});

Deno.test("run() adds to the environment", async () => {
  const env = { DENO_SMALL_IMAGE_TEST: "a b" };
  const script = 'echo "$DENO_SMALL_IMAGE_TEST${PATH:+ and PATH}"';
  assertEquals(await run("sh", ["-c", script], { env }), "a b and PATH\n");
});

Deno.test("run() throws the exit code and the end of the output", async () => {
  const error = await assertRejects(
    () => run("sh", ["-c", "echo why >&2; exit 3"]),
    CommandFailed,
    '"sh -c" ended with exit code 3',
  );
  assertEquals([error.code, error.output], [3, "why\n"]);
});

Deno.test("a command that a signal ends has exit code 128 + n", async () => {
  assertEquals((await attempt("sh", ["-c", "kill -9 $$"])).code, 137);
});

Deno.test("run() of what is not installed names it", async () => {
  await assertRejects(
    () => run("deno-small-image-no-such-command", []),
    CommandNotFound,
    'Cannot find the command "deno-small-image-no-such-command"',
  );
});

Deno.test("runs() tells what ends well from what fails or is not there", async () => {
  assertEquals(await runs("true", []), true);
  assertEquals(await runs("false", []), false);
  assertEquals(await runs("no-such-program-here", ["--version"]), false);
});

Deno.test("messages are not translated", async () => {
  assertEquals(await run("sh", ["-c", 'echo "$LC_ALL"']), "C.UTF-8\n");
});

Deno.test("run() keeps the end of endless output within bounds", async () => {
  const script = "seq 1 200000; echo the end >&2; exit 1";
  const error = await assertRejects(
    () => run("sh", ["-c", script]),
    CommandFailed,
  );
  assert(error.output.length <= 256 * 1024 + 1, `${error.output.length}`);
  assert(error.output.includes("200000\n"));
  assert(error.output.startsWith("…"));
});

Deno.test("an aborted signal keeps the command from starting", async () => {
  const reason = new Error("Interrupted");
  const options = { signal: AbortSignal.abort(reason) };
  const path = await Deno.makeTempFile();
  const thrown = await assertRejects(() => run("rm", [path], options));
  assertEquals(thrown, reason);
  await Deno.remove(path);
});

Deno.test("aborting ends the command and its children", async () => {
  const controller = new AbortController();
  const { child, grandchild } = await shellWithChild(
    "sleep 60 & echo $!; wait",
    controller.signal,
  );
  assert(lives(grandchild));
  controller.abort(new Error("Interrupted"));
  assertEquals((await child.ended).code, 143);
  await ending(child.pid, grandchild);
});

Deno.test("aborting ends also what ignores SIGTERM", async () => {
  const controller = new AbortController();
  const { child, grandchild } = await shellWithChild(
    "trap '' TERM; sleep 60 & echo $!; wait; wait",
    controller.signal,
  );
  controller.abort(new Error("Interrupted"));
  assertEquals((await child.ended).code, 137);
  await ending(grandchild);
});

Deno.test("a child left behind does not keep a command from ending", async () => {
  const { child, grandchild } = await shellWithChild("sleep 60 & echo $!");
  assertEquals((await child.ended).code, 0);
  await ending(grandchild);
});

Deno.test("stop() of what has ended does nothing", async () => {
  const child = start("true", []);
  await child.ended;
  await child.stop();
  await child.stop();
});

Deno.test("an error of onLine ends the command and is thrown", async () => {
  const child = start("sh", ["-c", "echo line; sleep 60"], {
    graceMs: 100,
    onLine: () => {
      throw new Error("cannot write");
    },
  });
  await assertRejects(() => child.ended, Error, "cannot write");
  await ending(child.pid);
});

Deno.test("a child leads its own group: Ctrl-C in a terminal is ours alone", async () => {
  // Field 5 of stat is the process group.
  const stat = await run("sh", [
    "-c",
    "cut -d' ' -f1,5 /proc/self/stat; echo $$",
  ]);
  const [[, group], [shell]] = stat.trim().split("\n")
    .map((line) => line.split(" "));
  assertEquals(group, shell);
});

async function linesOf(...chunks: (string | Uint8Array)[]): Promise<string[]> {
  const encoder = new TextEncoder();
  const found: string[] = [];
  const stream = ReadableStream.from(
    chunks.map((chunk) =>
      typeof chunk === "string" ? encoder.encode(chunk) : chunk
    ),
  );
  await lines(stream, (line) => found.push(line));
  return found;
}

Deno.test("lines() joins what chunks cut", async () => {
  assertEquals(await linesOf("a", "b\nc", "\n\nd"), ["ab", "c", "", "d"]);
});

Deno.test("lines() joins characters that chunks cut", async () => {
  const bytes = new TextEncoder().encode("é\n");
  assertEquals(await linesOf(bytes.slice(0, 1), bytes.slice(1)), ["é"]);
});

Deno.test("lines() takes colours, carriage returns and redrawn progress out", async () => {
  assertEquals(
    await linesOf("\x1b[91mproblem\x1b[0m\r\n", "10 %\r20 %\r30 %\n"),
    ["problem", "30 %"],
  );
});

Deno.test("lines() cuts a line without an end", async () => {
  const found = await linesOf("x".repeat(200_000));
  assertEquals(found.map((line) => line.length), [65536, 65536, 65536, 3392]);
});

Deno.test("lines() of nothing is nothing", async () => {
  assertEquals(await linesOf(), []);
});

Deno.test("Tail keeps a short text whole", () => {
  const tail = new Tail(10);
  tail.append("abc");
  tail.append("defghij");
  assertEquals(tail.toString(), "abcdefghij");
});

Deno.test("Tail keeps the end of a long text, and says so", () => {
  const tail = new Tail(4);
  for (const letter of "abcdefghijklmnopqrstuvwxyz") tail.append(letter);
  assertEquals(tail.toString(), "…wxyz");
  tail.append("1");
  assertEquals(tail.toString(), "…xyz1");
});

Deno.test("Tail keeps the end of one huge piece", () => {
  const tail = new Tail(3);
  tail.append("x".repeat(1000) + "end");
  assertEquals(tail.toString(), "…end");
});

Deno.test("byteStream() passes bytes on as they are", async () => {
  const stream = byteStream("printf", ["\\377\\000\\n\\r"]);
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  assertEquals([...bytes], [255, 0, 10, 13]);
});

Deno.test("byteStream() of a command that fails has no end, but an error", async () => {
  const lines: string[] = [];
  const stream = byteStream("sh", ["-c", "echo part; echo why >&2; exit 4"], {
    onLine: (line) => lines.push(line),
  });
  const error = await assertRejects(
    () => new Response(stream).text(),
    CommandFailed,
  );
  assertEquals([error.code, error.output], [4, "why\n"]);
  assertEquals(lines, ["why"]);
});

Deno.test("byteStream() that is cancelled ends its command", async () => {
  const stream = byteStream("sh", ["-c", "echo $$; exec sleep 60"]);
  const reader = stream.getReader();
  const pid = Number(new TextDecoder().decode((await reader.read()).value));
  assert(lives(pid));
  await reader.cancel();
  await ending(pid);
});

Deno.test("byteStream() that is aborted ends its command and throws the reason", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const stream = byteStream("sh", ["-c", "echo $$; exec sleep 60"], { signal });
  const reader = stream.getReader();
  const pid = Number(new TextDecoder().decode((await reader.read()).value));
  controller.abort(new Error("Interrupted"));
  await assertRejects(() => reader.read(), Error, "Interrupted");
  await ending(pid);
});
