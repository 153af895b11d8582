/**
 * Names of images as people write them, taken apart: which registry to ask, and
 * for what.
 *
 * @module
 */

/** An image's name, taken apart. */
export interface Reference {
  /** As it is written, without tag and digest: `denoland/deno`. */
  name: string;
  /** Whom to ask, with the port if one is given: `gcr.io`. */
  registry: string;
  /** What to ask it for: `denoland/deno`, `library/debian`. */
  repository: string;
  tag?: string;
  /** `sha256:<hex>`. */
  digest?: string;
}

/** Where images live whose name begins with no host. */
const HUB = { name: "docker.io", registry: "registry-1.docker.io" };

const PATH = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/;
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/**
 * Takes an image's name apart.
 *
 * @param text As `denoland/deno:debian-2.9.7`, with a digest or without.
 * @returns `undefined` for what no registry can have.
 *
 * @example
 * ```ts
 * parseReference("debian:13")?.repository; // library/debian
 * ```
 */
export function parseReference(text: string): Reference | undefined {
  const parts =
    /^(?<name>.+?)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/
      .exec(text)?.groups;
  if (parts === undefined) return undefined;
  const { name, tag, digest } = parts;
  const [first, ...rest] = name.split("/");
  const isHost = rest.length > 0 && /[.:]|^localhost$/.test(first);
  const path = isHost ? rest : [first, ...rest];
  if (!path.every((part) => PATH.test(part))) return undefined;
  if (isHost && !HOST.test(first)) return undefined;
  const onHub = !isHost || first === HUB.name;
  return {
    name,
    registry: onHub ? HUB.registry : first,
    repository: onHub && path.length === 1
      ? `library/${path[0]}`
      : path.join("/"),
    ...tag === undefined ? {} : { tag },
    ...digest === undefined ? {} : { digest },
  };
}
