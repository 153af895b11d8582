/**
 * Which instruction of a Dockerfile made which layer, where the image's history
 * has digests in place of names: buildah writes `COPY dir:f0009c16106d in /`.
 *
 * @module
 */
import {
  type Dockerfile,
  type Instruction,
  lastStages,
} from "./parse_dockerfile.ts";

const MAKES_LAYER = /^(?:RUN|COPY|ADD)$/;
const BY_DIGEST = /^(?:COPY|ADD) (?:file|dir|multi):[0-9a-f]+ in (.*)$/;

/**
 * Puts a Dockerfile's own instructions in place of digests.
 *
 * @param history What the history says of each layer, lowest first.
 * @param dockerfile What the image was built from.
 * @returns The same, as far down as the two agree: layers of a base stay.
 *
 * @example
 * ```ts
 * const dockerfile = parseDockerfile("FROM a\nCOPY x /x");
 * layerInstructions(["ADD file:1a in /", "COPY file:2b in /x"], dockerfile);
 * // ["ADD file:1a in /", "COPY x /x"]
 * ```
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
