import { assert, assertEquals, assertRejects } from "@std/assert";
import { ending, lives } from "../../testing/processes.ts";
import { byteStream } from "./byte_stream.ts";
import { CommandFailed } from "./command.ts";

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
