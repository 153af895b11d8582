/**
 * `deno task bench node`: five different services on one Docker daemon, each from
 * scratch and layered: what they take on disk, what a node pulls for them, and
 * what they take of its memory while all of them run.
 *
 * @module
 */
import { join } from "node:path";
import { formatBytes } from "../scripts/lib/format.ts";
import type { Report } from "../scripts/report/report_schema.ts";
import { benchFolder, output, required, runBench } from "./commands.ts";
import { measure, proportional, start, table } from "./images.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const VARIANTS = ["scratch", "layered"];

/** Two more services beside our own and the examples. */
const SMALL: Record<string, string> = {
  clock:
    `const server = Deno.serve({ port: Number(Deno.env.get("PORT")) || 8080 },
  (request) => new URL(request.url).pathname === "/health"
    ? Response.json({ Status: "OK" })
    : Response.json({ now: new Date().toISOString() }));
Deno.addSignalListener("SIGTERM", () => server.shutdown());
`,
  counter: `let count = 0;
const server = Deno.serve({ port: Number(Deno.env.get("PORT")) || 8080 },
  async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/health") return Response.json({ Status: "OK" });
    if (request.method === "POST") count += Number(await request.text()) || 1;
    return new Response(String(count));
  });
Deno.addSignalListener("SIGTERM", () => server.shutdown());
`,
};

/** The contexts of the five services. */
async function contexts(folder: string): Promise<string[]> {
  const examples = ["api", "caller"].map((name) => join(folder, name));
  for (const [index, name] of ["api", "caller"].entries()) {
    await output(["cp", "-r", join(ROOT, "examples", name), examples[index]]);
  }
  await output([Deno.execPath(), "install", "--frozen"], { cwd: examples[0] });
  const small = Object.entries(SMALL).map(async ([name, source]) => {
    const context = join(folder, name);
    await Deno.mkdir(context);
    await Deno.writeTextFile(join(context, "main.ts"), source);
    await Deno.writeTextFile(
      join(context, "deno.json"),
      JSON.stringify({
        tasks: {
          start: "deno run --allow-net=0.0.0.0 --allow-env=PORT main.ts",
        },
      }),
    );
    await output([
      ...[Deno.execPath(), "run", "-A", join(ROOT, "scripts/image.ts")],
      ...["init", context],
    ]);
    return context;
  });
  return [ROOT, ...examples, ...await Promise.all(small)];
}

/** Layers of one variant of each service, each layer once. */
export function distinctLayers(reports: Report[], name: string) {
  const layers = new Map(
    reports.flatMap(({ variants }) => variants)
      .filter((variant) => variant.name === name)
      .flatMap((variant) => variant.layers)
      .map((layer) => [layer.digest, layer]),
  );
  const sum = (figure: "sizeBytes" | "gzipBytes") =>
    [...layers.values()].reduce(
      (sum, layer) => sum + (layer[figure] ?? NaN),
      0,
    );
  return { sizeBytes: sum("sizeBytes"), gzipBytes: sum("gzipBytes") };
}

/** Proportional memory of each image's process while all of them run. */
async function memory(images: string[]): Promise<number[]> {
  await using stack = new AsyncDisposableStack();
  const pids: number[] = [];
  for (const image of images) pids.push(stack.use(await start(image)).pid);
  // What starting took is given back by then.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  return await Promise.all(pids.map(proportional));
}

async function main(): Promise<void> {
  await required(["docker"]);
  const folder = await benchFolder();
  const reports: Report[] = [];
  for (const context of await contexts(folder)) {
    reports.push(
      await measure(context, join(folder, "out"), [
        "--quick",
        ...VARIANTS.flatMap((name) => ["--file", `Dockerfile.${name}`]),
        ...["--against", "scratch"],
      ]),
    );
  }
  for (
    const { name, message, output = "" } of reports.flatMap((each) =>
      each.failures
    )
  ) {
    console.error(`${name}: ${message}\n${output}`);
  }
  const rows: string[][] = [[
    "five services",
    "disk",
    "pulled",
    "memory (PSS)",
    "each further one pulls",
  ]];
  for (const name of VARIANTS) {
    const images = reports.flatMap(({ variants }) =>
      variants.filter((variant) => variant.name === name)
        .map(({ image }) => image.reference)
    );
    if (images.length < reports.length) {
      throw new Error(`${name}: only ${images.length} images were built`);
    }
    const { sizeBytes, gzipBytes } = distinctLayers(reports, name);
    const first = distinctLayers(reports.slice(0, 1), name);
    const sum = (await memory(images)).reduce((sum, bytes) => sum + bytes, 0);
    rows.push([
      name,
      formatBytes(sizeBytes),
      formatBytes(gzipBytes),
      formatBytes(sum),
      formatBytes((gzipBytes - first.gzipBytes) / (images.length - 1)),
    ]);
  }
  console.log(table(rows));
}

if (import.meta.main) await runBench(main);
