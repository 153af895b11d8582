/**
 * `<program> healthcheck` asks the running service whether it is well, and ends
 * with 0 or 1: images without a shell have nothing else for it. It is loaded
 * before the service by `deno compile --preload`, and does nothing otherwise.
 *
 * @module
 */
const PORT = 8080;
const PATH = "/health";
const LIMIT_MS = 2_000;

if (Deno.args[0] === "healthcheck") {
  const may = (descriptor: Deno.PermissionDescriptor) =>
    Deno.permissions.querySync(descriptor).state === "granted";
  const env = may({ name: "env", variable: "PORT" }) && Deno.env.get("PORT");
  const port = Number(env || PORT);
  const hostname = ["127.0.0.1", "localhost"].find((name) =>
    may({ name: "net", host: `${name}:${port}` })
  ) ?? "0.0.0.0";
  const fail = (reason: string): never => {
    console.error(`Unhealthy: GET ${PATH} on port ${port}: ${reason}`);
    Deno.exit(1);
  };
  setTimeout(() =>
    fail(`no answer within ${LIMIT_MS} ms`), LIMIT_MS);
  try {
    // Not fetch, which would ask a proxy that the environment names.
    using connection = await Deno.connect({ hostname, port });
    const request = `GET ${PATH} HTTP/1.0\r\nHost: localhost\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    const buffer = new Uint8Array(64);
    const length = await connection.read(buffer) ?? 0;
    const answer = new TextDecoder().decode(buffer.subarray(0, length));
    if (!/^HTTP\/1\.[01] 2\d\d /.test(answer)) fail(JSON.stringify(answer));
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
  Deno.exit(0);
}

// A module, whatever package.json says of .ts files.
export {};
