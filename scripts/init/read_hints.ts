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
const DATABASE_CALL = /(?:DatabaseSync|Database|DB|openKv)\W{1,4}$/;

/** Seen to fail with Deno 2.6 when compiled, and what works instead. */
const LIMITS: [form: RegExp, why: string][] = [
  [
    /\$\{import\.meta\.dirname!?\}\/\.\.\/|\bdirname!?\s*\+\s*["'`]\/\.\.\//,
    'Embedded files are not found by a path with "..": use new URL("../x", import.meta.url)',
  ],
  [
    /\bnew\s+Worker\b[^]*\bcreateObjectURL\b|\bcreateObjectURL\b[^]*\bnew\s+Worker\b/,
    "A worker made from a Blob does not start in a compiled program: give it a file",
  ],
  [
    /\b(?:DatabaseSync|Database|DB|openKv)\s*\(\s*(?:[\w.]+\(\s*|`\$\{)?(?:import\.meta\.|__dirname\b)/,
    "A database beside a module would be inside the program, which nothing can write: give it a path from the working directory",
  ],
];

export type Hints = ReturnType<typeof readHints>;

export interface Mention {
  path: string;
  /** What `path` is relative to. */
  from: "module" | "cwd";
  database: boolean;
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
    cannot: LIMITS.filter(([form]) => form.test(text)).map(([, why]) => why),
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
  const names = [...reads].map(([, deno, node, index]) =>
    deno ?? node ?? index
  );
  return [...new Set(names)].filter((name) =>
    name !== "PORT" && name !== "NODE_ENV" && name !== "DEBUG"
  );
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

/** Files and folders that a module names in text, relative to itself or not. */
export function fileMentions(text: string): Mention[] {
  const found: Mention[] = [];
  const add = (raw: string, from: Mention["from"], database: boolean) => {
    // Of `static/${name}` the folder is known.
    const known = raw.includes("${")
      ? raw.slice(0, raw.indexOf("${")).replace(/[^/]*$/, "")
      : raw;
    const path = known.replace(/^(?:\.\/)+|^\//, "").replace(/\/+$/, "");
    const isUp = from === "cwd" && path.includes("..");
    if (/^\.?$/.test(path) || isUp || path.includes(":")) return;
    found.push({ path, from, database });
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
    .replace(byModule, (...match) => {
      add(match[2] ?? match[4], "module", false);
      return " ";
    })
    .replace(inFolder, (_, parts?: string, templated?: string) => {
      const path = templated ??
        [...parts!.matchAll(/["'`]([^"'`\n]+)["'`]/g)]
          .map(([, part]) => part.replace(/^\//, "")).join("/");
      add(path, "module", false);
      return "";
    });
  for (const match of rest.matchAll(/(["'`])((?:\\.|(?!\1)[^\\\n])*)\1/g)) {
    const [, , raw] = match;
    const before = rest.slice(Math.max(0, match.index - 60), match.index);
    if (/\b(?:from|import|require)\s*\(?\s*$/.test(before)) continue;
    const database = DATABASE_CALL.test(before) && raw !== ":memory:";
    const isPath = raw.startsWith("./") || FILE_CALL.test(before);
    if (database || isPath) add(raw, "cwd", database);
  }
  return found;
}
