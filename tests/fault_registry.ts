/**
 * A registry that knows one image, and hangs up in the middle of its layer.
 *
 * @module
 */
import { createHash } from "node:crypto";

const digest = (bytes: string | Uint8Array) =>
  "sha256:" + createHash("sha256").update(bytes).digest("hex");

/** Starts it on 127.0.0.1. */
export function hangUpRegistry() {
  const layer = crypto.getRandomValues(new Uint8Array(60_000));
  const config = JSON.stringify({
    architecture: Deno.build.arch === "aarch64" ? "arm64" : "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [digest(layer)] },
  });
  const docker = "application/vnd.docker";
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: `${docker}.distribution.manifest.v2+json`,
    config: {
      mediaType: `${docker}.container.image.v1+json`,
      size: config.length,
      digest: digest(config),
    },
    layers: [{
      mediaType: `${docker}.image.rootfs.diff.tar`,
      size: layer.length,
      digest: digest(layer),
    }],
  });
  let cutOff = 0;

  const head = (length: number, type: string, name: string) =>
    "HTTP/1.1 200 OK\r\nDocker-Distribution-Api-Version: registry/2.0\r\n" +
    `Docker-Content-Digest: ${name}\r\nContent-Type: ${type}\r\n` +
    `Content-Length: ${length}\r\nConnection: close\r\n\r\n`;
  const answer = async (connection: Deno.Conn) => {
    const request = new Uint8Array(8192);
    const length = await connection.read(request) ?? 0;
    const text = new TextDecoder().decode(request.subarray(0, length));
    const [method, path = ""] = text.split(" ");
    const send = async (text: string | Uint8Array) => {
      let rest = typeof text === "string"
        ? new TextEncoder().encode(text)
        : text;
      while (rest.length > 0) {
        rest = rest.subarray(await connection.write(rest));
      }
    };
    const whole = async (text: string, type: string) =>
      await send(
        head(text.length, type, digest(text)) + (method === "HEAD" ? "" : text),
      );
    if (path.includes("/manifests/")) {
      await whole(manifest, `${docker}.distribution.manifest.v2+json`);
    } else if (path.endsWith(digest(config))) {
      await whole(config, "application/octet-stream");
    } else if (path.endsWith(digest(layer))) {
      cutOff++;
      // Whoever asks for the rest gets nothing.
      if (/^range: /im.test(text)) return;
      await send(
        head(layer.length, "application/octet-stream", digest(layer)),
      );
      await send(layer.subarray(0, layer.length / 2));
    } else await whole("{}", "application/json");
  };

  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      // Clients hang up too, as when they have tried TLS.
      await answer(connection).catch(() => {});
      connection.close();
    }
  })();
  const host = `127.0.0.1:${listener.addr.port}`;
  return {
    host,
    image: `${host}/half:1`,
    /** How many times it has hung up. */
    cutOff: () => cutOff,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}
