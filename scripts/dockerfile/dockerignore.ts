/** Which files of a context an engine sends, by its `.dockerignore`. @module */

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
