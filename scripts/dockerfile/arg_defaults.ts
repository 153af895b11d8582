/**
 * The defaults of a Dockerfile's build arguments: they name the public bases, so
 * they are read from where they stand instead of being repeated here.
 *
 * @module
 */

/**
 * Reads the defaults of a Dockerfile's `ARG` instructions.
 *
 * Arguments before the first `FROM` are the ones that base images are named by,
 * so they win over arguments of the same name inside a stage. References to
 * earlier arguments (`$A`, `${A}`, `${A:-b}`, `${A:+b}`) are replaced.
 *
 * @param text The Dockerfile.
 * @returns Name to default; arguments without a default are absent.
 *
 * @example
 * ```ts
 * argDefaults('ARG A=1 B="x y"\nFROM scratch'); // { A: "1", B: "x y" }
 * ```
 */
export function argDefaults(text: string): Record<string, string> {
  const global = new Map<string, string>();
  const staged = new Map<string, string>();
  let scope = global;
  for (const line of instructions(text)) {
    const [, keyword, rest] = /^(\w+)\s*(.*)$/s.exec(line) ?? [];
    if (keyword === undefined) continue;
    if (keyword.toUpperCase() === "FROM") scope = staged;
    if (keyword.toUpperCase() !== "ARG") continue;
    for (const word of words(rest)) {
      const equals = word.indexOf("=");
      if (equals < 1) continue;
      const known = (name: string) => scope.get(name) ?? global.get(name);
      scope.set(word.slice(0, equals), unquote(word.slice(equals + 1), known));
    }
  }
  return Object.fromEntries([...staged, ...global]);
}

/** The instructions: joins continued lines; drops comments, empty lines and here-documents. */
export function* instructions(text: string): Generator<string> {
  // Directives stand before everything else.
  const escapes = /^(?:#\s*\w+\s*=.*\r?\n)*#\s*escape\s*=\s*`\s*(?:\n|$)/i;
  const escape = escapes.test(text) ? "`" : "\\";
  let joined = "";
  let awaited: string[] = [];
  for (const raw of text.split(/\r?\n/)) {
    if (awaited.length > 0) {
      if (raw.replace(/^\t+/, "") === awaited[0]) awaited.shift();
      continue;
    }
    if (/^\s*(#|$)/.test(raw)) continue;
    const trimmed = raw.trimEnd();
    if (trimmed.endsWith(escape)) {
      joined += trimmed.slice(0, -1);
      continue;
    }
    const line = (joined + trimmed).trimStart();
    joined = "";
    if (/^(RUN|COPY|ADD)\s/i.test(line)) {
      awaited = [...line.matchAll(/<<-?(["']?)(\w+)\1/g)].map(([, , end]) =>
        end
      );
    }
    yield line;
  }
  if (joined.trim() !== "") yield joined.trim();
}

/** Splits at blanks outside of quotes; quotes stay. */
function words(text: string): string[] {
  return text.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'])+/g) ?? [];
}

/** Removes quotes and escapes, and replaces references outside single quotes. */
export function unquote(
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
