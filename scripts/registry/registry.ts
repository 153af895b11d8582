/**
 * A registry, asked for what a tag stands for now and for the tags that there
 * are: the few requests of the OCI distribution specification that this takes.
 *
 * @module
 */
import { hash } from "node:crypto";
import { z } from "zod";
import { type Answer, ask, isLoopback, type Question } from "./http.ts";
import { parseChallenge } from "./parse_challenge.ts";
import type { Reference } from "./parse_reference.ts";
import type { Credentials } from "./read_credentials.ts";
import { RegistryError } from "./registry_error.ts";

/** Lists of platforms first: a digest of one pins them all. */
const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Tags asked for at a time, and how often at most. */
const PAGE = 1000;
const PAGES = 50;

const tokenSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
});
const tagsSchema = z.object({ tags: z.array(z.string()).nullish() });

type Named = Pick<Reference, "registry" | "repository">;

/** Asks registries; remembers for each repository how it wants to be asked. */
export class Registry {
  readonly #credentials: Credentials;
  readonly #signal?: AbortSignal;
  readonly #authorizations = new Map<string, string>();

  constructor(credentials: Credentials, signal?: AbortSignal) {
    this.#credentials = credentials;
    this.#signal = signal;
  }

  /**
   * What a tag stands for now.
   *
   * @returns `sha256:<hex>` of its manifest, or of the list of its platforms.
   * @throws {RegistryError} When that is not to be had.
   */
  async digestOf(image: Named, tag: string): Promise<string> {
    const path = `manifests/${tag}`;
    const headers = { accept: MANIFESTS };
    const head = await this.#ask(image, path, { method: "HEAD", headers });
    if (head.status !== 405) {
      check(head, `tag "${tag}"`);
      const stated = head.headers.get("docker-content-digest");
      if (stated !== null) {
        if (/^sha256:[0-9a-f]{64}$/.test(stated)) return stated;
        throw new RegistryError("states a digest that is not sha256");
      }
    }
    const answer = await this.#ask(image, path, { headers });
    check(answer, `tag "${tag}"`);
    const manifest = parse(answer, z.object({ schemaVersion: z.literal(2) }));
    if (manifest === undefined) {
      throw new RegistryError("answers with what is no manifest");
    }
    return `sha256:${hash("sha256", answer.body)}`;
  }

  /**
   * The tags of a repository.
   *
   * @throws {RegistryError} When they are not to be had.
   */
  async tagsOf(image: Named): Promise<Set<string>> {
    const found = new Set<string>();
    let path: string | undefined = `tags/list?n=${PAGE}`;
    for (let page = 0; page < PAGES && path !== undefined; page++) {
      const answer: Answer = await this.#ask(image, path, {});
      check(answer, "list of tags");
      const list = parse(answer, tagsSchema);
      if (list === undefined) {
        throw new RegistryError("answers with what is no list of tags");
      }
      for (const tag of list.tags ?? []) found.add(tag);
      path = nextPage(answer);
    }
    return found;
  }

  /** Asks; where it has to be authorised for that, twice. */
  async #ask(
    image: Named,
    path: string,
    question: Question,
  ): Promise<Answer> {
    const { registry, repository } = image;
    const scheme = isLoopback(registry) ? "http" : "https";
    const base = `${scheme}://${registry}/v2/${repository}/`;
    const key = `${registry}/${repository}`;
    const send = () =>
      ask(new URL(path, base), {
        ...question,
        authorization: this.#authorizations.get(key),
        signal: this.#signal,
      });
    const answer = await send();
    if (answer.status !== 401) return answer;
    const authorization = await this.#authorize(image, answer);
    if (authorization === undefined) return answer;
    this.#authorizations.set(key, authorization);
    return await send();
  }

  async #authorize(
    { registry, repository }: Named,
    { headers }: Answer,
  ): Promise<string | undefined> {
    const challenge = parseChallenge(headers.get("www-authenticate") ?? "");
    const secret = this.#credentials(registry);
    const basic = secret === undefined ? undefined : `Basic ${secret}`;
    if (challenge?.scheme === "basic") return basic;
    if (challenge?.scheme !== "bearer") return undefined;
    const { realm = "", service } = challenge.parameters;
    if (!URL.canParse(realm)) {
      throw new RegistryError("names no address to get a token from");
    }
    const url = new URL(realm);
    if (service !== undefined) url.searchParams.set("service", service);
    url.searchParams.set("scope", `repository:${repository}:pull`);
    const answer = await ask(url, {
      authorization: basic,
      signal: this.#signal,
    });
    check(answer, "token");
    const token = parse(answer, tokenSchema);
    const text = token?.token ?? token?.access_token;
    if (text === undefined) throw new RegistryError("gives no token");
    return `Bearer ${text}`;
  }
}

/** @throws {RegistryError} Unless it has what was asked for. */
function check({ status, headers }: Answer, what: string): void {
  if (status === 401 || status === 403) {
    throw new RegistryError(
      `does not let you see the ${what} (${status}); docker login may help`,
    );
  }
  if (status === 404) throw new RegistryError(`has no ${what} (404)`);
  if (status === 429) {
    const wait = headers.get("retry-after");
    throw new RegistryError(
      `has had too many questions (429)${
        wait === null ? "" : `; ask again after ${wait} s`
      }`,
    );
  }
  const type = headers.get("content-type") ?? "";
  if (status !== 200) throw new RegistryError(`answers with ${status}`);
  if (/^text\/html\b/i.test(type)) {
    throw new RegistryError("is no registry: a web page answers");
  }
}

function parse<T extends z.ZodType>(
  { body }: Answer,
  schema: T,
): z.output<T> | undefined {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return undefined;
  }
}

/**
 * What the header `Link` names, below the repository; anywhere else is not a
 * page of this list.
 */
function nextPage({ headers, url }: Answer): string | undefined {
  const link = /<([^>]+)>\s*;\s*rel="?next"?/i.exec(headers.get("link") ?? "");
  if (link === null || !URL.canParse(link[1], url.href)) return undefined;
  const next = new URL(link[1], url);
  return next.origin === url.origin && next.pathname === url.pathname
    ? `tags/list${next.search}`
    : undefined;
}
