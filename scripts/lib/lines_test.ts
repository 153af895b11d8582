import { assertEquals } from "@std/assert";
import { lines } from "./lines.ts";

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
