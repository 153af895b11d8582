/**
 * This project's own Dockerfiles, filled in for another service. They are the
 * only source: what differs between services is replaced, and the rest is kept
 * as it stands.
 *
 * @module
 */
import type { Service } from "./service.ts";

/**
 * Fills in a Dockerfile.
 *
 * @param template One of this project's Dockerfiles.
 * @param service The service it is for.
 * @returns The Dockerfile; for this project's own service the template itself.
 */
export function fillDockerfile(template: string, service: Service): string {
  return template.split("\n\n")
    .filter((text) => service.tests.length > 0 || !isTestStage(text))
    .map((text) => fillParagraph(text, service))
    .join("\n\n");
}

/** The stage that runs the tests is a paragraph of its own. */
function isTestStage(paragraph: string): boolean {
  return /^FROM \S+ AS \S*test\S*$/m.test(paragraph);
}

function fillParagraph(paragraph: string, service: Service): string {
  const { name, description, license, entry, locked, folders, tests } = service;
  const flags = words(service.flags);
  const include = words(service.includes.map((path) => `--include ${path}`));
  const fills: [part: RegExp, fill: string][] = [
    [/\/hello\b/g, `/${name}`],
    [/(?<=image\.title=)"[^"]*"/, quoted(name)],
    [/(?<=image\.description=)"[^"]*"/, quoted(description)],
    [/(?<=^EXPOSE )\d+$/m, String(service.port)],
    [/^COPY deno\.json .*\n(?:COPY (\S+) \1\n)*/m, copies(service)],
    [/(?<=^COPY )main_test\.ts(?= )/m, tests.join(" ")],
    [/ -P=serve main_test\.ts$/m, `${flags} ${tests.join(" ")}`],
    [/ -P=serve(?= -)/, flags + include],
    [/ main\.ts(?=$| &&)/m, ` ${entry}`],
  ];
  if (license !== undefined) {
    fills.push([/(?<=image\.licenses=)"[^"]*"/, quoted(license)]);
  } else fills.push([/ \\\n.*image\.licenses="[^"]*"/, ""]);
  if (!locked) fills.push([/(?<=^ARG DENO_FLAGS=)--frozen$/m, ""]);
  if (!folders.includes("offline")) {
    fills.push([/^(# More flags for deno\.).*$/m, "# More flags for deno."]);
    fills.push([/(?<=^COPY )\S+\/split\.ts(?= )/m, "split.ts"]);
  }
  if (!service.healthcheck) {
    fills.push([/^HEALTHCHECK (?:.*\\\n)*.*\n/m, ""]);
  }
  return fills.reduce(
    // A function, since a `$` in a string would mean something.
    (text, [part, fill]) => text.replace(part, () => fill),
    paragraph,
  );
}

/** Configuration and modules in one layer, then a layer for each folder. */
function copies({ files, folders }: Service): string {
  return [
    ...files.length > 0 ? [`COPY ${files.join(" ")} ./`] : [],
    ...folders.map((folder) => `COPY ${folder}/ ${folder}/`),
  ].map((line) => `${line}\n`).join("");
}

function words(list: string[]): string {
  return list.map((word) => ` ${word}`).join("");
}

/** A label's value: what would end it or stand for a variable is escaped. */
function quoted(text: string): string {
  return `"${text.replace(/[\p{Cc}]+/gu, " ").replace(/["\\$]/g, "\\$&")}"`;
}
