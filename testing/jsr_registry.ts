/**
 * A registry on this host that is shaped like jsr.io, so that what is imported
 * and published can be tried where jsr.io is out of reach: Deno itself resolves,
 * loads and uploads (`JSR_URL` names the registry).
 *
 * @module
 */
import { extname } from "node:path";

/** A package as the registry offers it. */
export interface JsrPackage {
  /** As `@scope/name`. */
  name: string;
  version: string;
  /** As in `deno.json`: key to path, each with a leading `./`. */
  exports: Record<string, string>;
  /** Contents by path, without a leading slash. */
  files: Map<string, Uint8Array<ArrayBuffer>>;
}

/** A registry that runs; disposing of it stops it. */
export interface JsrRegistry extends AsyncDisposable {
  /** With a slash at its end. */
  readonly url: string;
  /** How often a path was asked for, by how it ends. */
  asked(end: string): number;
}

const TYPES: Record<string, string> = {
  ".ts": "application/typescript",
  ".json": "application/json",
};

/**
 * Serves packages, and those that are published to it.
 *
 * @param packages Those that are there from the start; uploads are added.
 */
export function serveJsr(packages: JsrPackage[]): JsrRegistry {
  const asked: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      if (pathname.startsWith("/api/")) return await api(request, packages);
      const [, scope, name, rest, ...path] = pathname.split("/");
      const found = packages.find((each) => each.name === `${scope}/${name}`);
      if (found === undefined) return new Response(null, { status: 404 });
      const { version, files } = found;
      if (rest === "meta.json") {
        const versions = { [version]: {} };
        return Response.json({ scope, name, latest: version, versions });
      }
      if (rest === `${version}_meta.json`) return await versionMeta(found);
      const file = files.get(path.join("/"));
      return rest !== version || file === undefined
        ? new Response(null, { status: 404 })
        : new Response(file, {
          headers: { "content-type": TYPES[extname(pathname)] ?? "text/plain" },
        });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    asked: (end) => asked.filter((path) => path.endsWith(end)).length,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function versionMeta({ files, exports }: JsrPackage): Promise<Response> {
  const manifest = await Promise.all(
    [...files].map(async ([path, bytes]) => {
      const digest = await crypto.subtle.digest("SHA-256", bytes);
      const checksum = `sha256-${new Uint8Array(digest).toHex()}`;
      return [`/${path}`, { size: bytes.length, checksum }];
    }),
  );
  return Response.json({ manifest: Object.fromEntries(manifest), exports });
}

/** The part of the management API that `deno publish` asks. */
async function api(
  request: Request,
  packages: JsrPackage[],
): Promise<Response> {
  const { pathname } = new URL(request.url);
  const [, scope, name, version] =
    /^\/api\/scopes\/([^/]+)\/packages\/([^/]+)(?:\/versions\/([^/]+))?$/
      .exec(pathname) ?? [];
  if (scope !== undefined && version === undefined) return Response.json({});
  if (request.method !== "POST" || version === undefined) {
    return Response.json(
      { code: "packageVersionNotFound", message: "not found" },
      { status: 404 },
    );
  }
  const files = await unpack(new Uint8Array(await request.arrayBuffer()));
  const config = JSON.parse(new TextDecoder().decode(files.get("deno.json")));
  const exports = typeof config.exports === "string"
    ? { ".": config.exports }
    : config.exports;
  packages.push({ name: `@${scope}/${name}`, version, exports, files });
  return Response.json({ id: "task", status: "success", error: null });
}

/** The regular files of a gzipped tar, by means of the machine's `tar`. */
async function unpack(archive: Uint8Array): Promise<JsrPackage["files"]> {
  const folder = await Deno.makeTempDir({ prefix: "jsr-upload-" });
  try {
    await Deno.writeFile(`${folder}.tgz`, archive);
    const { success } = await new Deno.Command("tar", {
      args: ["--extract", "--gzip", "--file", `${folder}.tgz`],
      cwd: folder,
    }).output();
    if (!success) throw new Error("Cannot unpack the upload");
    return await readFolder(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(`${folder}.tgz`);
  }
}

async function readFolder(
  root: string,
  below = "",
  files: JsrPackage["files"] = new Map(),
): Promise<JsrPackage["files"]> {
  for await (const { name, isDirectory } of Deno.readDir(`${root}/${below}`)) {
    const path = below + name;
    if (isDirectory) {
      await readFolder(root, `${path}/`, files);
      continue;
    }
    // The entries of an upload have no permission bits.
    await Deno.chmod(`${root}/${path}`, 0o600);
    files.set(path, await Deno.readFile(`${root}/${path}`));
  }
  return files;
}
