/**
 * This project's own Dockerfiles and `.dockerignore`, filled in for another
 * service. They are the only source: what differs between services is replaced,
 * and the rest is kept as it stands.
 *
 * @module
 */
import { parseDockerfile, testStages } from "../dockerfile/parse_dockerfile.ts";
import type { Service } from "./service.ts";
import { workingFolder, writablePaths } from "./first_limits.ts";
import { PRIVATE } from "./private_files.ts";

/** Users of the images: of the builder's, and of all others. */
const BUILDER_USER = 1993;
const USER = 65532;

/**
 * Fills in a Dockerfile.
 *
 * @param template One of this project's Dockerfiles.
 * @returns The Dockerfile; for this project's own service the template itself.
 */
export function fillDockerfile(template: string, service: Service): string {
  return template.split("\n\n")
    .filter((text) =>
      service.tests.length > 0 || testStages(parseDockerfile(text)).length === 0
    )
    .map((text) => fillParagraph(text, service))
    .join("\n\n");
}

function fillParagraph(paragraph: string, service: Service): string {
  const { name, description, license, locked, folders, tests } = service;
  const resolution = words(service.resolution);
  const compile = resolution + words([
    ...service.flags,
    ...service.preloads.map((path) => `--preload ./${path}`),
    ...service.includes.map((path) => `--include ${path}`),
  ]);
  const loose = tests.filter((path) =>
    !folders.some((folder) => path.startsWith(`${folder}/`))
  );
  const inFolder = service.folder === ""
    ? tests
    : tests.map((path) => path.slice(service.folder.length + 1));
  const test = `${resolution}${words(service.testFlags)}${words(inFolder)}`;
  const fills: [part: RegExp, fill: string][] = [
    [/\/hello\b/g, `/${name}`],
    [/(?<=image\.title=)"[^"]*"/, quoted(name)],
    [/(?<=image\.description=)"[^"]*"/, quoted(description)],
    [/(?<=^EXPOSE )\d+$/m, String(service.port)],
    [/^COPY deno\.json .*\n(?:COPY (\S+) \1\n)*/m, copies(service)],
    [/^COPY main_test\.ts .*\n/m, copyFiles(loose)],
    [/ -P=serve main_test\.ts$/m, test],
    [/ -P=serve(?= -)/, compile],
    [/ main\.ts(?=$| &&)/m, ` ${service.entry}`],
    [/(?=^LABEL )/m, besides(paragraph, service)],
    [/(?<=^ENTRYPOINT .*\n)/m, command(service)],
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
function copies(service: Service): string {
  const { files, folders, folder, state } = service;
  return [
    copyFiles(files),
    ...folders.map((path) => `COPY ${path}/ ${path}/\n`),
    ...folder === "" ? [] : [`WORKDIR /app/${folder}\n`],
    ...state.length === 0 ? [] : [
      "# What it writes: a volume's place, with nothing in it.\n" +
      `RUN install -d -o ${BUILDER_USER} -g ${BUILDER_USER}${words(state)}\n`,
    ],
  ].join("");
}

/** Files with the same folder share an instruction, as `COPY` flattens paths. */
function copyFiles(files: string[]): string {
  const folders = new Map<string, string[]>();
  for (const path of files) {
    const folder = `./${path.slice(0, path.lastIndexOf("/") + 1)}`;
    folders.set(folder, [...folders.get(folder) ?? [], path]);
  }
  return [...folders].map(([folder, paths]) =>
    `COPY ${paths.join(" ")} ${folder}\n`
  ).join("");
}

/** What lies beside the program in stages that go on from other images. */
function besides(paragraph: string, service: Service): string {
  const { beside, state } = service;
  if (beside.length + state.length === 0) return "";
  // The stage that compiles has them already.
  if (
    /^RUN (?:.*\\\n\s*)?deno compile/m.test(paragraph) ||
    !/^FROM /m.test(paragraph)
  ) {
    return "";
  }
  const top = workingFolder(service);
  const copy = (path: string, flags = "") =>
    `COPY --from=build-stage ${flags}${path} ${path}\n`;
  return [
    ...beside.map((path) => copy(`${top}/${path}`)),
    ...writablePaths(service).map((path) =>
      copy(`${path}/`, `--chown=${USER}:${USER} `)
    ),
    `WORKDIR ${top}\n`,
  ].join("");
}

/** The program's own arguments, which `docker run` can replace. */
function command({ args }: Service): string {
  return args.length === 0 ? "" : `CMD ${JSON.stringify(args)}\n`;
}

/**
 * Fills in this project's own `.dockerignore`: everything is denied, what the
 * build reads is allowed again, and what is private in it is not.
 */
export function fillDockerignore(template: string, service: Service): string {
  const head = template.split("\n").filter((line) => !line.startsWith("!"));
  const { files, tests, folders, leftOut } = service;
  const isOwn = folders.includes("offline");
  const allowed = [
    ...files,
    ...tests.filter((path) =>
      !folders.some((folder) => path.startsWith(`${folder}/`))
    ),
    ...folders.map((folder) => `${folder}/`),
    // What cuts the program in two for Dockerfile.layered: there beside it.
    isOwn ? "scripts/deno_binary/split.ts" : "split.ts",
  ];
  const inside = leftOut.map(({ path }) => path)
    .filter((path) => folders.some((name) => path.startsWith(`${name}/`)));
  const own = folders.filter((name) =>
    !["node_modules", "vendor", "offline"].includes(name)
  );
  const denied = own.length === 0 ? [] : [
    "# Secrets and state, in no image.",
    ...[...PRIVATE.secret, ...PRIVATE.state].map((name) => `**/${name}`),
    ...inside,
  ];
  return head.join("\n") + allowed.map((path) => `!${path}\n`).join("") +
    denied.map((line) => `${line}\n`).join("");
}

/**
 * Fills in a module that is written beside the service.
 *
 * @param template Its text, as it works for this project's own service.
 * @param service The service it is for; its entry is the module itself where
 * that is what `deno serve` would have run.
 */
export function fillModule(template: string, service: Service): string {
  const { port, healthPath, served, stopsOn } = service;
  return template
    .replace(
      /^.*\("(SIG\w+)", stop\);\n/gm,
      (line, signal) => stopsOn.includes(signal) ? line : "",
    )
    .replace(/(?<=^const PORT = )\d+/m, String(port))
    .replace(/(?<=^const PATH = )".*"/m, JSON.stringify(healthPath))
    .replace(/(?<= from )"\.\/served\.ts"/, JSON.stringify(`./${served}`));
}

function words(list: string[]): string {
  return list.map((word) => ` ${word}`).join("");
}

/** A label's value: what would end it or stand for a variable is escaped. */
function quoted(text: string): string {
  return `"${text.replace(/[\p{Cc}]+/gu, " ").replace(/["\\$]/g, "\\$&")}"`;
}
