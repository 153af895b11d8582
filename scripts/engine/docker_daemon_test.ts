import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DaemonRefused, daemonStream } from "./docker_daemon.ts";

/** A daemon that gives one answer, byte for byte, to the first request. */
async function answered<T>(
  parts: Uint8Array[],
  use: (socket: string) => Promise<T>,
): Promise<{ result: T; request: string }> {
  const folder = await Deno.makeTempDir({ prefix: "daemon-" });
  const path = join(folder, "socket");
  using listener = Deno.listen({ transport: "unix", path });
  const served = (async () => {
    using connection = await listener.accept();
    const request = new Uint8Array(4096);
    const length = await connection.read(request) ?? 0;
    // Whoever has heard enough closes early.
    try {
      for (let part of parts) {
        while (part.length > 0) {
          part = part.subarray(await connection.write(part));
        }
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    }
    return new TextDecoder().decode(request.subarray(0, length));
  })();
  try {
    return { result: await use(path), request: await served };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const text = (value: string) => new TextEncoder().encode(value);
const OK = "HTTP/1.0 200 OK\r\nContent-Type: application/x-tar\r\n\r\n";

Deno.test("daemonStream() gives the body and nothing else, however it arrives", async () => {
  const body = new Uint8Array(700_000).map((_, index) => index % 251);
  const { result, request } = await answered(
    [text(OK.slice(0, 20)), text(OK.slice(20) + "abc"), body],
    (socket) =>
      new Response(daemonStream(socket, "/images/get?names=a")).bytes(),
  );
  assertEquals(result.length, body.length + 3);
  assertEquals(result.subarray(0, 3), text("abc"));
  assertEquals(result.subarray(3), body);
  assertEquals(request.split("\r\n")[0], "GET /images/get?names=a HTTP/1.0");
});

Deno.test("daemonStream() says why the daemon refuses", async () => {
  const answer =
    'HTTP/1.0 404 Not Found\r\n\r\n{"message":"No such image: nothing:latest"}\n';
  await answered([text(answer)], async (socket) => {
    const error = await assertRejects(
      () => new Response(daemonStream(socket, "/x")).bytes(),
      DaemonRefused,
    );
    assertEquals(error.status, 404);
    assertEquals(error.output, "No such image: nothing:latest");
  });
});

Deno.test("daemonStream() rejects what is no answer in HTTP", async () => {
  await answered([text("hello")], (socket) =>
    assertRejects(
      () => new Response(daemonStream(socket, "/x")).bytes(),
      Error,
      "does not answer in HTTP",
    ));
});

Deno.test("daemonStream() ends with the signal's reason, even while nothing comes", async () => {
  const folder = await Deno.makeTempDir({ prefix: "daemon-" });
  try {
    const path = join(folder, "socket");
    using listener = Deno.listen({ transport: "unix", path });
    const accepted = listener.accept();
    const controller = new AbortController();
    const { signal } = controller;
    const reading = new Response(daemonStream(path, "/x", { signal })).bytes();
    using _connection = await accepted;
    controller.abort(new Error("enough"));
    await assertRejects(() => reading, Error, "enough");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("daemonStream() closes the connection when its reader stops", async () => {
  const endless = [text(OK), ...Array(64).fill(new Uint8Array(2 ** 20))];
  await answered(endless, async (socket) => {
    const reader = daemonStream(socket, "/x").getReader();
    assertEquals((await reader.read()).done, false);
    await reader.cancel();
  });
});
