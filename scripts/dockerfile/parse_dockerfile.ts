/**
 * The one reader of Dockerfiles and `.dockerignore`. dockerfile-ast was tried: it
 * loses which values stand in single quotes, and replaces no references. @module
 */
import { suggest } from "../lib/suggest.ts";

export interface Instruction {
  keyword: string;
  /** `--from=build` is `from` to `build`. */
  flags: Map<string, string>;
  /** What follows the flags, as written. */
  text: string;
  /** Words of `["deno", "run"]`. */
  exec?: string[];
  heredocs: string[];
}

/** What a `FROM` begins. */
interface Stage {
  name: string;
  /** As written, such as `${BUILDER_IMAGE}`. */
  base: string;
  /** The base with arguments replaced by their defaults. */
  image: string;
  platform: string;
  instructions: Instruction[];
}

export interface Dockerfile {
  /** `ARG`s before the first `FROM`: those that base images are named by. */
  args: Instruction[];
  stages: Stage[];
}

/** Reads a Dockerfile; what is malformed is kept as an instruction. */
export function parseDockerfile(text: string): Dockerfile {
  const args: Instruction[] = [];
  const stages: Stage[] = [];
  for (const instruction of instructions(text)) {
    const { keyword, flags } = instruction;
    if (keyword !== "FROM") {
      (stages.at(-1)?.instructions ?? args).push(instruction);
      continue;
    }
    const [base = "", as = "", name = ""] = words(instruction.text);
    stages.push({
      name: as.toUpperCase() === "AS" ? name : "",
      base,
      image: replaceReferences(base, (arg) => readArgs(args).get(arg)),
      platform: flags.get("platform") ?? "",
      instructions: [],
    });
  }
  return { args, stages };
}

/** Those before the first `FROM`, which name base images, win over those of a stage. */
export function argDefaults(
  { args, stages }: Dockerfile,
): Record<string, string> {
  const global = readArgs(args);
  const staged = readArgs(
    stages.flatMap((stage) => stage.instructions),
    global,
  );
  return Object.fromEntries([...staged, ...global]);
}

/** With a default or without. */
export function argNames({ args, stages }: Dockerfile): string[] {
  const all = [...args, ...stages.flatMap((stage) => stage.instructions)];
  const declared = all.filter(({ keyword }) => keyword === "ARG")
    .flatMap(({ text }) => words(text).map((word) => word.split("=")[0]));
  return [...new Set(declared)];
}

/** Those named after a test, such as `run-test-stage`. */
export function testStages({ stages }: Dockerfile): string[] {
  return stages.map(({ name }) => name)
    .filter((name) => /(^|[-_.])tests?([-_.]|$)/i.test(name));
}

const MAKES_LAYER = /^(?:RUN|COPY|ADD)$/;

/** What Docker's legacy builder cannot build, as `FROM --platform=$BUILDPLATFORM`. */
export function needsBuildKit({ stages }: Dockerfile): string | undefined {
  for (const { platform, instructions } of stages) {
    if (/\$\{?(?:BUILD|TARGET)/.test(platform)) {
      return `FROM --platform=${platform}`;
    }
    for (const { keyword, flags, heredocs } of instructions) {
      if (heredocs.length > 0) return `${keyword} <<`;
      if (!MAKES_LAYER.test(keyword)) continue;
      // The legacy builder knows no others of COPY and ADD, and none of RUN.
      const flag = [...flags.keys()].find((name) =>
        !/^(from|chown)$/.test(name)
      );
      if (flag !== undefined) return `${keyword} --${flag}`;
    }
  }
}

/** The last stage, the stage that it goes on from, and so on. */
export function lastStages({ stages }: Dockerfile): Stage[] {
  const chain: Stage[] = [];
  for (let at = stages.length - 1; at >= 0;) {
    chain.push(stages[at]);
    const base = stages[at].image.toLowerCase();
    // Only stages before this one can be its base.
    at = stages.slice(0, at)
      .findLastIndex(({ name }) => name !== "" && name.toLowerCase() === base);
  }
  return chain;
}

/** Splits at blanks outside of quotes; quotes stay. */
function words(text: string): string[] {
  return text.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'])+/g) ?? [];
}

function* instructions(text: string): Generator<Instruction> {
  // Directives stand before everything else.
  const escapes = /^(?:#\s*\w+\s*=.*\r?\n)*#\s*escape\s*=\s*`\s*(?:\n|$)/i;
  // An escape that is escaped continues nothing.
  const continued = escapes.test(text) ? /(?<!`)`$/ : /(?<!\\)\\$/;
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/).values();
  let joined = "";
  for (const raw of lines) {
    if (/^\s*(#|$)/.test(raw)) continue;
    const line = joined + raw.trimEnd();
    joined = "";
    if (continued.test(line)) joined = line.slice(0, -1);
    else yield withHeredocs(readInstruction(line), lines);
  }
  if (joined.trim() !== "") yield readInstruction(joined);
}

/** One of those that an instruction begins with. */
const FLAG = /--([a-z][\w-]*)(?:=("[^"]*"|\S*))?(?:\s+|$)/gy;

function readInstruction(line: string): Instruction {
  const [, keyword = "", rest = ""] = /^\s*(\S+)\s*(.*)$/s.exec(line) ?? [];
  const flags = new Map<string, string>();
  let length = 0;
  for (const [flag, name, value = ""] of rest.matchAll(FLAG)) {
    flags.set(name, value);
    length += flag.length;
  }
  const text = rest.slice(length).trimEnd();
  return {
    keyword: keyword.toUpperCase(),
    flags,
    text,
    exec: execForm(text),
    heredocs: [],
  };
}

function execForm(text: string): string[] | undefined {
  if (!text.startsWith("[")) return;
  try {
    const list: unknown = JSON.parse(text);
    const isExec = Array.isArray(list) &&
      list.every((word) => typeof word === "string");
    return isExec ? list : undefined;
  } catch {
    // No JSON: builders take it as a line for the shell.
  }
}

/** Takes the here-documents that an instruction names off the lines after it. */
function withHeredocs(
  instruction: Instruction,
  lines: Iterator<string>,
): Instruction {
  if (!MAKES_LAYER.test(instruction.keyword)) return instruction;
  for (const word of words(instruction.text)) {
    const [, dash, name] = /^\d*<<(-?)([^<]+)$/.exec(word) ?? [];
    if (name === undefined) continue;
    const end = name.replace(/["']/g, "");
    const content: string[] = [];
    for (let next = lines.next(); !next.done; next = lines.next()) {
      const line = dash ? next.value.replace(/^\t+/, "") : next.value;
      if (line === end) break;
      content.push(line);
    }
    instruction.heredocs.push(content.join("\n"));
  }
  return instruction;
}

function readArgs(
  instructions: Instruction[],
  outer = new Map<string, string>(),
): Map<string, string> {
  const args = new Map<string, string>();
  for (const { keyword, text } of instructions) {
    if (keyword !== "ARG") continue;
    for (const word of words(text)) {
      const equals = word.indexOf("=");
      if (equals < 1) continue;
      const known = (name: string) => args.get(name) ?? outer.get(name);
      const value = replaceReferences(word.slice(equals + 1), known);
      args.set(word.slice(0, equals), value);
    }
  }
  return args;
}

/** Removes quotes and escapes, and replaces references outside single quotes. */
function replaceReferences(
  word: string,
  known: (name: string) => string | undefined,
): string {
  const pieces = word.matchAll(
    /'([^']*)'|"((?:\\.|[^"\\])*)"|((?:\\.|[^"'\\])+)|./gs,
  );
  let value = "";
  for (const [all, single, double, bare] of pieces) {
    value += single ?? expand(double ?? bare ?? all, known);
  }
  return value;
}

function expand(
  text: string,
  known: (name: string) => string | undefined,
): string {
  return text.replace(
    /\\(.)|\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^}]*))?\})/gs,
    (_, escaped, plain, name, operator, word) => {
      if (escaped !== undefined) return escaped;
      const value = known(plain ?? name) ?? "";
      if (operator?.endsWith("-") && value === "") return expand(word, known);
      if (operator?.endsWith("+")) {
        return value === "" ? "" : expand(word, known);
      }
      return value;
    },
  );
}

const BY_DIGEST = /^(?:COPY|ADD) (?:file|dir|multi):[0-9a-f]+ in (.*)$/;

/**
 * Puts a Dockerfile's own instructions in place of digests, which buildah's history
 * has for names (`COPY dir:f0009c16106d in /x`), lowest layer first, as far down as
 * the two agree.
 */
export function layerInstructions(
  history: string[],
  dockerfile: Dockerfile,
): string[] {
  const made = lastStages(dockerfile).reverse()
    .flatMap(({ instructions }) => instructions)
    .filter(({ keyword }) => MAKES_LAYER.test(keyword));
  const shown = [...history];
  for (let at = shown.length - 1; at >= 0; at--) {
    const own = made.pop();
    if (own === undefined || !isOf(shown[at], own)) break;
    if (BY_DIGEST.test(shown[at])) shown[at] = asWritten(own);
  }
  return shown;
}

function isOf(line: string, { keyword, text, exec }: Instruction): boolean {
  if (!line.startsWith(`${keyword} `)) return false;
  const [, place] = BY_DIGEST.exec(line) ?? [];
  const written = (exec ?? text.split(/\s+/)).at(-1) ?? "";
  // A reference is replaced in the history.
  return place === undefined || written.includes("$") || place === written;
}

function asWritten({ keyword, flags, text }: Instruction): string {
  const given = Array.from(
    flags,
    ([name, value]) => value === "" ? `--${name}` : `--${name}=${value}`,
  );
  return [keyword, ...given, text.replace(/\s+/g, " ")].join(" ");
}

/** A stage that is copied from and is not there, although another is called nearly so. */
export function misspeltStage(
  { stages }: Dockerfile,
): { name: string; meant: string } | undefined {
  const names = stages.map(({ name }) => name).filter((name) => name !== "");
  const used = stages.flatMap(({ image, instructions }) => [
    image,
    ...instructions.map(({ flags }) => flags.get("from") ?? ""),
  ]);
  for (const name of used) {
    if (!/^[\w-]*[a-z_-][\w-]*$/i.test(name)) continue;
    const known = names.some((own) => own.toLowerCase() === name.toLowerCase());
    const meant = known ? undefined : suggest(name, names);
    if (meant !== undefined) return { name, meant };
  }
}

/**
 * Tells whether a path in the context is left out: one pattern a line, the last one
 * that matches decides, `!` takes a path in again, `*` and `?` stay within a name,
 * `**` does not. A pattern that matches a folder matches all that is in it.
 */
export function parseDockerignore(text: string): (path: string) => boolean {
  const rules = text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const takesIn = line.startsWith("!");
      const pattern = (takesIn ? line.slice(1).trim() : line)
        .replace(/^(\.?\/)+/, "").replace(/\/+$/, "");
      return { takesIn, expression: toExpression(pattern) };
    });
  return (path) => {
    const rule = rules.findLast(({ expression }) => expression.test(path));
    return rule !== undefined && !rule.takesIn;
  };
}

function toExpression(pattern: string): RegExp {
  if (pattern === "" || pattern === ".") return /^/;
  const source = pattern.replace(
    /\*\*\/|\*\*|\*|\?|\[[^\]]*\]|\\.|[^]/g,
    (token) => {
      if (token === "**/") return "(?:.*/)?";
      if (token === "**") return ".*";
      if (token === "*") return "[^/]*";
      if (token === "?") return "[^/]";
      if (token.length === 1) return RegExp.escape(token);
      return token.startsWith("[") ? token : `\\${token[1]}`;
    },
  );
  return new RegExp(`^${source}(?:/|$)`, "s");
}
