import { assert, assertEquals } from "@std/assert";
import { lines, Tail } from "./child_output.ts";

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
  assertEquals(tail.dropped, false);
});

Deno.test("Tail keeps the end of a long text, and says so", () => {
  const tail = new Tail(4);
  for (const letter of "abcdefghijklmnopqrstuvwxyz") tail.append(letter);
  assertEquals(tail.toString(), "…wxyz");
  tail.append("1");
  assertEquals(tail.toString(), "…xyz1");
  assert(tail.dropped);
});

Deno.test("Tail keeps the end of one huge piece", () => {
  const tail = new Tail(3);
  tail.append("x".repeat(1000) + "end");
  assertEquals(tail.toString(), "…end");
});
