import { assertEquals } from "@std/assert";
import { startModule } from "../../../testing/start_module.ts";

const TEMPLATE = `${import.meta.dirname}/stop.ts`;
const SLOW = `Deno.serve({ port: Number(Deno.env.get("PORT")) }, async () => {
  await new Promise((done) => setTimeout(done, 300));
  return new Response("done");
});`;

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`on ${signal} a request in flight is answered, then it ends with 0`, async () => {
    await using started = await startModule(SLOW, TEMPLATE);
    const answer = fetch(started.url);
    await new Promise((done) => setTimeout(done, 100));
    started.child.kill(signal);
    const response = await answer;
    assertEquals(await response.text(), "done");
    assertEquals((await started.child.status).code, 0);
  });
}

/** Whether an answer on a connection of its own ends it; nothing if there is none. */
async function isClosing(url: string): Promise<boolean | undefined> {
  try {
    const port = Number(new URL(url).port);
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(
      new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    );
    const buffer = new Uint8Array(1024);
    const length = await connection.read(buffer) ?? 0;
    const text = new TextDecoder().decode(buffer.subarray(0, length));
    return text === "" ? undefined : /^connection: close\r$/im.test(text);
  } catch {
    return undefined;
  }
}

Deno.test("what is asked while it stops is told to close the connection", async () => {
  await using started = await startModule(SLOW, TEMPLATE);
  assertEquals(await isClosing(started.url), false);
  started.child.kill("SIGTERM");
  const asked: Promise<boolean | undefined>[] = [];
  // For a tenth of a second it takes them.
  for (let at = 0; at < 40; at++) {
    asked.push(isClosing(started.url));
    await new Promise((done) => setTimeout(done, 2));
  }
  assertEquals((await Promise.all(asked)).includes(true), true);
});
