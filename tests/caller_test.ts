/**
 * `examples/caller` against a server with a certificate of its own making, on
 * this machine: from its sources, and as the image that has no certificates.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { freePort } from "../scripts/engine/free_port.ts";
import { folder } from "./command_line.ts";
import {
  build,
  changed,
  engine,
  EXAMPLES,
  removeImages,
  test,
} from "./example.ts";

const HOST = "localhost";
const EVENTS = [{ name: "launch", at: "2026-07-01T12:00:00Z" }];

/** Runs openssl in a folder. */
async function openssl(cwd: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, cwd })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Writes `cert.pem` for the host, by an authority that only `ca.pem` names. */
async function makeCertificates(cwd: string): Promise<void> {
  const make = (name: string, ...rest: string[]) =>
    openssl(
      cwd,
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"],
      ...["-keyout", `${name}.key`, "-out", `${name}.pem`, ...rest],
    );
  await make("ca", "-subj", "/CN=test", "-addext", "keyUsage=keyCertSign");
  await make(
    "cert",
    ...["-CA", "ca.pem", "-CAkey", "ca.key", "-subj", `/CN=${HOST}`],
    ...["-addext", `subjectAltName=DNS:${HOST}`],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
  );
}

/** An upstream on a port of its own, which counts how often it is asked. */
async function serveEvents(certificates: string) {
  const read = (name: string) =>
    Deno.readTextFile(join(certificates, `cert.${name}`));
  const upstream = { port: 0, asked: 0 };
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: await read("pem"),
    key: await read("key"),
    onListen: ({ port }) => upstream.port = port,
  }, () => {
    upstream.asked++;
    return Response.json(EVENTS);
  });
  return Object.assign(upstream, {
    [Symbol.asyncDispose]: () => server.shutdown(),
  });
}

/** How the service is started: a command, given its environment. */
type Start = (env: Record<string, string>, ca: string) => Deno.Command;

/** Starts the service, asks it for events, and stops it. */
async function askForEvents(
  start: Start,
  upstream: number,
  ca: string,
  trusted: boolean,
) {
  const port = freePort();
  const env = {
    PORT: String(port),
    UPSTREAM: `https://${HOST}:${upstream}`,
    ...trusted ? { DENO_CERT: ca } : {},
  };
  const child = start(env, ca).spawn();
  const stderr = new Response(child.stderr).text();
  const stdout = new Response(child.stdout).text();
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilHealthy(url);
    const response = await fetch(`${url}/events?zone=Asia/Kolkata`);
    const body = await response.text();
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0, await stderr);
    return { status: response.status, body, said: await stderr };
  } finally {
    await child.status.catch(() => {});
    await Promise.all([stderr, stdout]);
  }
}

async function untilHealthy(url: string): Promise<void> {
  for (let tries = 200; tries > 0; tries--) {
    try {
      await (await fetch(`${url}/health`)).body?.cancel();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`${url} does not answer`);
}

/** One host is called, if its certificate is trusted, and no other. */
async function checkContext(
  prepare: (context: string) => Promise<Start>,
): Promise<void> {
  await using certificates = await folder({});
  await makeCertificates(certificates.path);
  const ca = join(certificates.path, "ca.pem");
  await using right = await serveEvents(certificates.path);
  await using other = await serveEvents(certificates.path);
  await using copy = await changed(join(EXAMPLES, "caller"), (config) => {
    const net = config.permissions.serve.net;
    const at = net.findIndex((host) => host.endsWith(":443"));
    net[at] = `${HOST}:${right.port}`;
  });
  // The contract lists the host as well.
  const contract = join(copy.path, "contract.json");
  const text = await Deno.readTextFile(contract);
  const [host] = JSON.parse(text).egress;
  await Deno.writeTextFile(
    contract,
    text.replace(host, `${HOST}:${right.port}`),
  );
  const start = await prepare(copy.path);

  const fine = await askForEvents(start, right.port, ca, true);
  assertEquals([fine.status, right.asked], [200, 1], fine.said);
  assertEquals(JSON.parse(fine.body), [
    { ...EVENTS[0], local: "2026-07-01 17:30 GMT+05:30" },
  ]);
  const unknown = await askForEvents(start, right.port, ca, false);
  assertEquals([unknown.status, right.asked], [502, 1]);
  assertStringIncludes(unknown.said, "UnknownIssuer");
  const refused = await askForEvents(start, other.port, ca, true);
  assertEquals([refused.status, other.asked], [502, 0]);
  assertStringIncludes(refused.said, "Requires net access");
}

const piped = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
const noOpenssl = await openssl(".", "version")
  .then(() => undefined, () => "openssl is not there");

test(
  "examples/caller from its sources",
  noOpenssl,
  () =>
    checkContext((context) =>
      Promise.resolve((env) =>
        new Deno.Command(Deno.execPath(), {
          args: ["run", "--no-prompt", "-P=serve", "main.ts"],
          cwd: context,
          // Nothing else of this machine: it may trust authorities of its own.
          clearEnv: true,
          env: { ...env, NO_COLOR: "1" },
          ...piped,
        })
      )
    ),
);

test(
  "examples/caller from scratch: no certificates, no time zones in the image",
  noOpenssl ?? (engine?.name === "docker" ? undefined : "needs Docker"),
  async () => {
    let removeBuilt = () => Promise.resolve();
    try {
      await checkContext(async (context) => {
        const report = await build(context, "--file", "Dockerfile.scratch");
        removeBuilt = () => removeImages(report);
        const [{ surface, image: { reference } }] = report.variants;
        assertEquals([surface.certificates, surface.timeZones], [
          false,
          false,
        ]);
        return (env, ca) =>
          new Deno.Command("docker", {
            args: [
              // The upstream listens on this machine's loopback alone.
              ...["run", "--rm", "--network", "host", "-v", `${ca}:${ca}:ro`],
              ...Object.entries(env).flatMap(([name, value]) => [
                "-e",
                `${name}=${value}`,
              ]),
              reference,
            ],
            ...piped,
          });
      });
    } finally {
      await removeBuilt();
    }
  },
);
