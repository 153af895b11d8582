/**
 * What a service's modules say about how to reach it and what it needs: hints,
 * found without running them.
 *
 * @module
 */

/** Port of `Deno.serve` when none is given. */
const DEFAULT_PORT = 8000;
/** Paths that services answer for probes, the likeliest first. */
const HEALTH_PATHS = "/health /healthz /livez /readyz /ready /ping".split(" ");
const LOOPBACK =
  /\b(?:serve|listen)\s*\((?:\s*\{[^}]{0,200}\bhost(?:name)?\s*:|[^{}()"'`]{0,80},)\s*["'`](?:127\.0\.0\.1|localhost)["'`]/;
/** What takes a path relative to the working directory. */
const FILE_CALL =
  /(?:root|fsRoot|static|public|views|dir|folder|path|(?:read|open|stat|serve|send|create|load|exists)\w*|DatabaseSync|Database|DB)\W{1,8}$/i;
/** What writes the file that is named next, or after another one. */
const WRITES_FILE =
  /\b(?:(?:write|append)(?:Text)?File|outputFile|ensureFile|createWriteStream|unlink|Deno\s*\.\s*(?:create|truncate|remove))(?:Sync)?\s*\(\s*$|\b(?:DatabaseSync|Database|DB|openKv|JSONFile\w*)\W{1,4}$|\b(?:rename|copyFile|copy|cp|move)(?:Sync)?\s*\([^,()]+,\s*$/;
const WRITES_FOLDER =
  /\b(?:mkdir|mkdtemp|ensureDir|emptyDir)(?:Sync)?\s*\(\s*$|\bmakeTemp\w+\s*\(\s*\{[^}]*\bdir\s*:\s*$|\bdest\s*:\s*$/;
const OPENS = /\bopen(?:Sync)?\s*\(\s*$/;
/** Follows the path where it is opened to be written. */
const TO_WRITE =
  /^\s*,\s*(?:\{[^}]*\b(?:write|append|create|createNew|truncate)\s*:\s*true|["'`](?:[wa]|r\+))/;
/** Reads of files whose path nothing here tells. */
const READS_ANY =
  /\b(?:(?:read|readText)File|open|l?stat|readDir|readdir|realPath|createReadStream)(?:Sync)?\s*\((?!\s*(?:["'`)]|new\s+URL\([^()]*import\.meta|(?:\w+\.)?(?:\w+\(\s*)?(?:import\.meta|__dirname)))|\b(?:(?:read|readText)File|open|l?stat|readDir|realPath)(?:Sync)?\s*\(\s*(?:`\$\{(?!import\.meta|__dirname)|(["'])[^"'`\n]*\1\s*\+)|\bserveFile\(\s*[\w.]+\s*,(?!\s*["'`])/;

/** Texts in quotes. */
const TEXT = /(["'`])((?:\\.|(?!\1)[^\\])*)\1/g;

/** Seen to fail with Deno 2.6 when compiled, and what works instead. */
const LIMITS: [form: RegExp, why: string, outside?: "texts"][] = [
  [
    /\$\{import\.meta\.dirname!?\}\/\.\.\/|\bdirname!?\s*\+\s*["'`]\/\.\.\//,
    'Embedded files are not found by a path with "..": use new URL("../x", import.meta.url)',
  ],
  [
    /\bnew\s+Worker\b[^]*\bcreateObjectURL\b|\bcreateObjectURL\b[^]*\bnew\s+Worker\b/,
    "A worker made from a Blob does not start in a compiled program: give it a file",
  ],
  [
    /\b(?:DatabaseSync|Database|DB|openKv|(?:write|append)(?:Text)?File(?:Sync)?|mkdir(?:Sync)?)\s*\(\s*(?:(?:[\w.]+\(\s*|`\$\{)?(?:import\.meta\.|__dirname\b)|new\s+URL\(\s*["'`][^"'`\n]+["'`]\s*,\s*import\.meta)/,
    "What is written beside a module, a database too, would be inside the program, which nothing can write: give it a path from the working directory",
  ],
  [
    /\bopenKv\s*\(\s*(?:undefined\s*|Deno\.env\.get\(\s*["'`]\w+["'`]\s*\)\s*)?\)/,
    'Deno.openKv() without a path keeps its data in memory once compiled, and each restart loses them: give it one, such as Deno.openKv("./data/kv"), and run init --force again',
  ],
  [
    /(?<![\w.$])(?:localStorage\s*[.[]|caches\s*\.\s*(?:open|match|has|delete)\b)/,
    "localStorage and caches do not work in a compiled program: use Deno.openKv with a path, or files",
    // Pages that are sent use them too.
    "texts",
  ],
];

export type Hints = ReturnType<typeof readHints>;

export interface Mention {
  path: string;
  /** What `path` is relative to. */
  from: "module" | "cwd";
  /** What is written at the path, if anything: then it is state. */
  written?: "file" | "folder";
}

export function listens(sources: string[]): boolean {
  return /\bDeno\s*\.\s*(?:serve|listen)\w*\s*\(|\.listen\s*\(|\bserve\s*\(|\bcreateServer\s*\(|\bstart\s*\(\s*manifest/
    .test(sources.join("\n"));
}

/** Whether an entry point exports what `deno serve` serves. */
export function exportsFetch(entry: string): boolean {
  const [, name] = /\bexport\s+default\s+(\w+)\s*(?:;|satisfies|as\b|$)/m
    .exec(entry) ?? [];
  if (name !== undefined) {
    const defined = new RegExp(
      `\\b${name}\\b[^=]{0,80}=\\s*(?:new\\s+(?:Hono|H3|Elysia)\\b|(?:new\\s+class\\s*)?\\{[^]{0,2000}?\\bfetch\\b)`,
    );
    return defined.test(entry);
  }
  return /\bexport\s+default\s+(?:\{|\()[^]*?\bfetch\b/.test(entry) ||
    /\bexport\s*\{[^}]*\bas\s+default\b[^}]*\}/.test(entry) &&
      /\bfetch\b/.test(entry);
}

export function readHints(sources: string[], args: string[] = []) {
  const text = sources.join("\n");
  const [port, portSource] = findPort(text, args);
  return {
    port,
    portSource,
    readsPort: /\bPORT\b/.test(text),
    /** It listens where nothing outside the container reaches it. */
    loopback: LOOPBACK.test(text),
    /** It knows such an argument. */
    healthcheck: /["'`]healthcheck["'`]/.test(text),
    healthPath: findHealthPath(text),
    /** It may answer only some methods. */
    looksAtMethod: /\.method\b/.test(text),
    /** Signals to stop. */
    unhandled: ["SIGTERM", "SIGINT"].filter((name) =>
      !new RegExp(`["'\`]${name}["'\`]`).test(text)
    ),
    env: findEnv(text),
    /** What Deno cannot do in a compiled program. */
    cannot: LIMITS.filter(([form, , outside]) =>
      form.test(outside ? text.replace(TEXT, '""') : text)
    ).map(([, why]) => why),
    /** It reads files that are not named. */
    readsAny: withImports(sources)
      .some((text) => READS_ANY.test(withConstants(text))),
  };
}

function findHealthPath(text: string): string {
  const known = (path: string) => new RegExp(`["'\`]${path}["'\`]`).test(text);
  const health = HEALTH_PATHS.find(known);
  if (health !== undefined || known("/")) return health ?? "/";
  const [, route] = /\.(?:get|all)\(\s*["'`](\/[\w./~-]+)["'`]/.exec(text) ??
    [];
  return route ?? "/";
}

/** Follows what is given to the call that listens to a number. */
function findPort(
  text: string,
  args: string[],
): [port: number, source: string] {
  const calls = [
    /\bserve(?:Tls)?\s*\(\s*\{[^]{0,300}?\bport\s*:\s*([^,}\n]+)/g,
    /\.listen\s*\(\s*\{[^]{0,200}?\bport\s*:\s*([^,}\n]+)/g,
    /\.listen\s*\(\s*([^,{)\n][^,\n]*)/g,
    /\bDeno\s*\.\s*listen\s*\(\s*\{[^]{0,200}?\bport\s*:\s*([^,}\n]+)/g,
    // The shorthand `{ port }`.
    /(?:\bserve|\.listen)\s*\(\s*\{[^]{0,200}?\b(port)\s*[,}]/g,
    /\b((?:\w*_)?PORT|port|\w*[a-z]Port)\s*(?::\s*\w+\s*)?=\s*\d/g,
  ];
  const [, argument] = /(?:^|\s)(?:--port|-p)[= ](\d{2,5})(?=\s|$)/
    .exec(args.join(" ")) ?? [];
  const given = portOf(argument);
  if (given !== undefined) return [given, "its arguments"];
  for (const call of calls) {
    for (const [, expression] of text.matchAll(call)) {
      const port = evaluate(expression, text);
      if (port !== undefined) return [port, "what it listens on"];
    }
  }
  const fallback = /\bPORT\b[^\n]{0,40}?(?:\?\?|\|\|)\s*["'`]?(\d{2,5})\b/;
  const parsed =
    /\bfunction\s+\w*port\w*\s*\([^]{0,400}?\breturn\s+(\d{2,5})\b/i;
  for (const form of [fallback, parsed]) {
    const port = portOf(form.exec(text)?.[1]);
    if (port !== undefined) return [port, "its fallback for PORT"];
  }
  return [DEFAULT_PORT, "the default of Deno.serve"];
}

/** The number that an expression comes to when no variable is set. */
function evaluate(
  expression: string,
  text: string,
  depth = 0,
): number | undefined {
  if (depth > 4) return;
  const [, fallback] = /(?:\?\?|\|\||:)\s*(?:Number\()?\s*["'`]?(\d{2,5})\b/
    .exec(expression) ?? [];
  const [, plain] = /^\W*(?:(?:Number|parseInt)\W+)?["'`]?(\d{2,5})\b/
    .exec(expression) ?? [];
  const port = portOf(fallback ?? plain);
  if (port !== undefined) return port;
  const names = expression.replace(/["'`][^"'`]*["'`]/g, "")
    .match(/[A-Za-z_$][\w$]*/g) ?? [];
  for (const name of names.reverse()) {
    if (/^(?:Number|parseInt|String|Deno|env|get|process|as)$/.test(name)) {
      continue;
    }
    const word = name.replace(/\$/g, "\\$");
    const definitions = [
      new RegExp(
        `\\b(?:const|let|var)\\s+${word}\\s*(?::[^=\\n]+)?=\\s*([^;\\n]+)`,
      ),
      new RegExp(`\\b${word}\\s*:\\s*([^,}\\n]+)`),
      new RegExp(`\\b${word}\\s*=\\s*(\\d{2,5})\\b`),
    ];
    for (const definition of definitions) {
      const [, value] = definition.exec(text) ?? [];
      if (value === undefined || value === expression) continue;
      const port = evaluate(value, text, depth + 1);
      if (port !== undefined) return port;
    }
  }
}

function portOf(digits: string | undefined): number | undefined {
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** Variables that are read, and used as they are. */
function findEnv(text: string): string[] {
  const reads = text.matchAll(
    /\b(?:Deno\.env\.get\(\s*["'`](\w+)["'`]\s*\)|process\.env\.(\w+)\b|process\.env\[\s*["'`](\w+)["'`]\s*\])(?!\s*(?:\?\?|\|\||===?|!==?|\?[^.]))/g,
  );
  const names = reads.map(([, deno, node, index]) => deno ?? node ?? index)
    .filter((name) => !["PORT", "NODE_ENV", "DEBUG"].includes(name));
  return [...new Set(names)];
}

/** What a server needs at the least. */
export const LEAST = ["--allow-net=0.0.0.0,127.0.0.1", "--allow-env=PORT"];
/** Names of variables that are read, and reads that name none. */
const ENV =
  /\b(?:Deno\s*\.\s*env\s*\.\s*(?:get|has)\(\s*["'`](\w+)["'`]\s*\)|process\.env(?:\.(\w+)|\[\s*["'`](\w+)["'`]\s*\])|(?:Deno|process)\s*\.\s*env\b|\benv\b[^{}]*\}\s*(?:=\s*(?:Deno|process)\b|from\s*["'](?:node:)?process["']))/g;
/** Reaches hosts that are not named. */
const CONNECTS =
  /\bDeno\s*\.\s*connect|\b(?:net|tls)\.connect\(|\bcreateConnection\(|\bhttps?\.(?:get|request)\(|["'`]\w*_(?:URL|URI|HOST|ADDR|ENDPOINT|DSN)["'`]|\.env\.\w*_(?:URL|URI|HOST|ADDR|ENDPOINT|DSN)\b|["'`](?:postgres(?:ql)?|mysql|mongodb(?:\+srv)?|rediss?|amqps?|nats|smtps?):\/\//;
const ASKS =
  /(?<![\w.$])(?:fetch|WebSocket|EventSource)\(\s*(?!["'`]\/)(?:["'`](?:https?|wss?):\/\/([\w.-]+(?::\d+)?)(?=["'`/?#])|(?=\S))/g;
const DEFINES = /\bfetch\(([^()]*)\)\s*(?::[^{};]+)?\{/g;
const SYSTEM =
  /\bDeno\s*\.\s*(?:hostname|os(?:Release|Uptime)|loadavg|networkInterfaces|systemMemoryInfo|uid|gid)\b|["'](?:node:)?os["']/;

/** Network, variables and system, as the code of a service uses them. */
export function codeFlags(
  { sources, packages }: { sources: string[]; packages: Set<string> },
): string[] {
  const text = sources.join("\n").replace(DEFINES, " ");
  const hosts = [...text.matchAll(ASKS)].map(([, host]) => host);
  const isAny = CONNECTS.test(text) || hosts.includes(undefined!);
  const reads = [...text.matchAll(ENV)]
    .map(([, deno, node, index]) => deno ?? node ?? index)
    .filter((name) => name !== "PORT");
  const isAll = packages.has("npm") || packages.has("remote") ||
    reads.includes(undefined!);
  return [
    isAny ? "--allow-net" : [LEAST[0], ...new Set(hosts)].join(","),
    isAll ? "--allow-env" : [LEAST[1], ...new Set(reads)].join(","),
    ...SYSTEM.test(text) ? ["--allow-sys"] : [],
  ];
}

/** Names of variables that hold the folder of their module. */
function moduleFolders(text: string): string[] {
  const named =
    /\b(?:const|let|var)\s+([\w$]+)\s*(?::[^=\n]+)?=\s*(?:[\w.]+\(\s*)*(?:import\.meta\.(?:dirname|url)|new\s+URL\(\s*["'`]\.\/?["'`]\s*,\s*import\.meta\.url)[^;\n]*/g;
  return [...text.matchAll(named)]
    // A file of the module is no folder, unless it is asked for its folder.
    .filter(([form]) => /\bdirname\b|new\s+URL/.test(form))
    .map(([, name]) => name);
}

/** Constants with a text, also with one that a variable may replace. */
const CONSTANT =
  /\bconst\s+([\w$]+)\s*(?::[^=\n]+)?=\s*(?:(?:Deno\.env\.get\([^)\n]*\)|process\.env[^?|;\n]*)\s*(?:\?\?|\|\|)\s*)?(["'`])((?:(?!\2)[^\\\n$])*)\2\s*(?:;|$)/gm;

/** Modules, with the constants that each imports from another one. */
export function withImports(sources: string[]): string[] {
  const exported = sources.flatMap((text) => [...text.matchAll(CONSTANT)])
    .filter(({ index, input }) => /\bexport\s+$/.test(input.slice(0, index)));
  return sources.map((text) => {
    const imports = text.match(/\bimport\s*\{[^}]*\}/g)?.join(" ") ?? "";
    const names: string[] = imports.match(/[\w$]+/g) ?? [];
    const lines = exported.filter(([, name]) => names.includes(name))
      .map(([line]) => line);
    return [text, ...lines].join("\n");
  });
}

/** Puts the texts of constants, and joined paths, where they are used. */
function withConstants(text: string): string {
  const joins =
    /(?<![\w$.])(?:path\.)?(?:join|resolve)\(\s*((?:(?:Deno|process)\.cwd\(\)\s*,\s*)?(?:(["'])[^"'`\n]*\2\s*,\s*)*(["'])[^"'`\n]*\3)\s*([,)])/g;
  for (let round = 0; round < 3; round++) {
    const before = text;
    for (const [, name, , value] of before.matchAll(CONSTANT)) {
      const word = name.replaceAll("$", "\\$");
      text = text.replaceAll(`\${${name}}`, () => value)
        .replace(
          new RegExp(`([(,]\\s*)${word}(?=\\s*[,)])`, "g"),
          (_, head) => head + JSON.stringify(value),
        );
    }
    text = text.replace(joins, (whole, parts: string, _a, _b, end) => {
      const names = [...parts.matchAll(TEXT)].map(([, , part]) => part);
      const isFromHere = /\.cwd\(/.test(parts);
      if (names.length < 2 && end === ")" && !isFromHere) return whole;
      const path = names.join("/");
      const full = path.startsWith("/") ? path : `./${path}`;
      return end === ")" ? JSON.stringify(full) : `\`${full}/\${x}\`,`;
    });
    if (text === before) break;
  }
  return text;
}

/** Files and folders that a module names in text, relative to itself or not. */
export function fileMentions(source: string): Mention[] {
  const text = withConstants(source);
  const found: Mention[] = [];
  const add = (
    raw: string,
    from: Mention["from"],
    written?: Mention["written"],
  ) => {
    // Of `static/${name}` the folder is known.
    const isPart = raw.includes("${");
    const known = isPart
      ? raw.slice(0, raw.indexOf("${")).replace(/[^/]*$/, "")
      : raw;
    const path =
      (written && known.length > 1 ? known : known.replace(/^\//, ""))
        .replace(/^(?:\.\/)+/, "").replace(/\/+$/, "");
    const isUp = from === "cwd" && path.includes("..");
    if (isUp || path.includes(":")) return;
    if (/^\.?$/.test(path) && !(written && known.startsWith("./"))) return;
    found.push({
      path: path || ".",
      from,
      ...written && { written: isPart ? "folder" : written },
    });
  };
  const byModule =
    /new\s+URL\(\s*(["'`])([^"'`\n]+)\1\s*,\s*import\.meta\.url|import\.meta\.resolve\(\s*(["'`])([^"'`\n]+)\3/g;
  const named = moduleFolders(text)
    .map((name) => `|${name.replaceAll("$", "\\$")}`).join("");
  const folder =
    `(?<![\\w.$])(?:import\\.meta\\.(?:dirname|url)|__dirname${named})(?![\\w$])`;
  const inFolder = new RegExp(
    `${folder}\\s*[!)]*\\s*[,+]\\s*((?:["'\`][^"'\`\\n]+["'\`]\\s*,?\\s*)+)|\\$\\{${folder}!?\\}/([^"'\`\\n]+)`,
    "g",
  );
  const rest = text
    .replace(byModule, (_, _a, url?: string, _b?: string, name?: string) => {
      add(url ?? name!, "module");
      return " ";
    })
    .replace(inFolder, (_, parts?: string, templated?: string) => {
      const path = templated ??
        [...parts!.matchAll(/["'`]([^"'`\n]+)["'`]/g)]
          .map(([, part]) => part.replace(/^\//, "")).join("/");
      add(path, "module");
      return "";
    });
  for (const match of rest.matchAll(/(["'`])((?:\\.|(?!\1)[^\\\n])*)\1/g)) {
    const [, , raw] = match;
    const before = rest.slice(Math.max(0, match.index - 60), match.index);
    if (/\b(?:from|import|require)\s*\(?\s*$/.test(before)) continue;
    const end = match.index + match[0].length;
    const isWritten = WRITES_FILE.test(before) ||
      OPENS.test(before) && TO_WRITE.test(rest.slice(end, end + 100));
    const written = WRITES_FOLDER.test(before)
      ? "folder"
      : isWritten
      ? "file"
      : undefined;
    const isPath = raw.startsWith("./") || FILE_CALL.test(before);
    if (written || isPath) add(raw, "cwd", written);
  }
  return found;
}
