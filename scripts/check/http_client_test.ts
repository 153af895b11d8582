import { assertEquals, assertRejects } from "@std/assert";
import { speaking } from "../../testing/fake_engine.ts";
import { ClosedError, formatRequest, HttpConnection } from "./http_client.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Answers the first bytes that come with these pieces, then closes. */
async function answering(
  pieces: string[],
  work: (connection: HttpConnection) => Promise<void>,
): Promise<void> {
  const program = speaking(async (connection) => {
    await connection.read(new Uint8Array(4096));
    for (const piece of pieces) {
      await connection.write(encode(piece));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });
  try {
    using connection = await HttpConnection.open(
      `http://127.0.0.1:${program.port}`,
    );
    await work(connection);
  } finally {
    await program.destroy();
  }
}

Deno.test("formatRequest() sends method and path as they are", () => {
  assertEquals(
    formatRequest({ method: "X", path: "/a/../%68", headers: { a: "b" } }),
    "X /a/../%68 HTTP/1.1\r\nHost: 127.0.0.1\r\na: b\r\n\r\n",
  );
  assertEquals(
    formatRequest({ path: "/", headers: { HOST: "x" }, body: "é" }),
    "GET / HTTP/1.1\r\nHOST: x\r\nContent-Length: 2\r\n\r\né",
  );
});

Deno.test("receive() by content-length, in pieces of any size", async () => {
  const answer =
    "HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\nContent-Length: 5\r\n\r\nhello";
  for (const pieces of [[answer], [...answer]]) {
    await answering(pieces, async (connection) => {
      const response = await connection.request({ path: "/" });
      assertEquals(response.status, 200);
      assertEquals(response.headers.get("a"), "1, 2");
      assertEquals(decode(response.body), "hello");
      assertEquals(await connection.drain(), 0);
    });
  }
});

Deno.test("receive() of chunks, interim answers and what follows", async () => {
  await answering([
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "3;x=y\r\nhel\r",
    "\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\nsurplus",
  ], async (connection) => {
    assertEquals(
      decode((await connection.request({ path: "/" })).body),
      "hello",
    );
    assertEquals((await connection.receive()).status, 204);
    assertEquals(await connection.drain(), 7);
  });
});

Deno.test("receive() of a body larger than the buffer, to the end", async () => {
  const body = "x".repeat(100_000);
  await answering([`HTTP/1.0 200 OK\r\n\r\n${body}`], async (connection) => {
    const response = await connection.request({ path: "/" });
    assertEquals(response.body.length, body.length);
  });
});

Deno.test("receive() takes no body for the answer to HEAD", async () => {
  await answering(
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"],
    async (c) => {
      const response = await c.request({ method: "HEAD", path: "/" });
      assertEquals(response.body.length, 0);
      assertEquals(response.headers.get("content-length"), "5");
    },
  );
});

Deno.test("receive() says how much had come when the connection ends", async () => {
  for (
    const [pieces, received] of [
      [[], 0],
      [["HTTP/1.1 2"], 10],
      [["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"], 41],
    ] as const
  ) {
    await answering([...pieces], async (connection) => {
      const error = await assertRejects(
        () => connection.request({ path: "/" }),
        ClosedError,
      );
      assertEquals(error.received, received);
    });
  }
});

Deno.test("receive() refuses what is not HTTP", async () => {
  for (
    const text of [
      "SSH-2.0-OpenSSH\r\n\r\n",
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ]
  ) {
    await answering([text], async (connection) => {
      const error = await assertRejects(
        () => connection.request({ path: "/" }),
        Error,
        "not ",
      );
      assertEquals(error instanceof ClosedError, false);
    });
  }
});

Deno.test("open() connects to this machine only, and ends with its signal", async () => {
  await assertRejects(
    () => HttpConnection.open("http://192.0.2.1:80"),
    TypeError,
    "not this machine",
  );
  const program = speaking(async (connection) => {
    await connection.read(new Uint8Array(4096));
    await connection.read(new Uint8Array(4096));
  });
  try {
    const controller = new AbortController();
    using connection = await HttpConnection.open(
      `http://127.0.0.1:${program.port}`,
      controller.signal,
    );
    const answer = connection.request({ path: "/" });
    controller.abort(new Error("enough"));
    await assertRejects(() => answer, Error, "enough");
  } finally {
    await program.destroy();
  }
});
