/**
 * `deno task image init`: Dockerfiles, contract and budget for a service. Dockerfiles,
 * `.dockerignore` and modules are this project's own, with what differs between
 * services replaced.
 *
 * @module
 */
import { join } from "node:path";
import type { Command } from "commander";
import { imageTag } from "../build/image_names.ts";
import { variantName } from "../dockerfile/find_variants.ts";
import { parseDockerfile, testStages } from "../dockerfile/parse_dockerfile.ts";
import { EXIT, messageOf, UserError } from "../lib/errors.ts";
import { printable } from "../lib/format.ts";
import { foreignIgnores, PRIVATE } from "../init/find_files.ts";
import {
  findService,
  type Found,
  notesOf,
  reasonsOf,
  type Service,
} from "../init/find_service.ts";
import type { Io } from "../lib/progress.ts";
import { ownFile, schemaAddress } from "../lib/own_file.ts";
import { json, PROGRAM, withExamples } from "./options.ts";

const DOCKERFILES = [
  "Dockerfile",
  "Dockerfile.multistage",
  "Dockerfile.scratch",
  "Dockerfile.layered",
];

export function define(command: Command): void {
  command
    .description("Write Dockerfiles, contract and budget for a Deno service.")
    .argument("[folder]", "folder of the service", ".")
    .option("--entry <file>", "module that serves (default: found out)")
    .option("--force", "replace files that are there already", false)
    .option("--dry-run", "show what would be written, and write nothing", false)
    .addOption(json());
  withExamples(
    command,
    "init ../my-service",
    "init --entry serve.ts --dry-run",
  );
}

export async function run(
  config: {
    folder: string;
    /** From the folder; absent: found out. */
    entry?: string;
    force: boolean;
    dryRun: boolean;
    json: boolean;
  },
  io: Io,
): Promise<number> {
  const found = await findService(config.folder, config.entry);
  const { service, root } = found;
  // As it was given, unless it is a member of a workspace above.
  const context = await Deno.realPath(config.folder) === root
    ? config.folder
    : root;
  const images = DOCKERFILES.map((name) =>
    imageTag(context, variantName(name))
  );
  const reasons = [
    ...reasonsOf(found),
    { what: "images", value: images.join(" "), source: "the context's name" },
  ];
  const notes = notesOf(found);
  const files = [];
  const foreign = !config.force && await foreignIgnores(context) !== undefined;
  for (const [name, text] of await fillAll(found, foreign)) {
    const path = join(context, name);
    const there = await Deno.lstat(path).then(() => true, () => false);
    files.push({ name, path, text, there, written: !there || config.force });
  }
  const verb = config.dryRun ? "would write" : "write";
  const again = config.dryRun ? "would replace" : "replace";
  const plan = [
    ...reasons.map(({ what, value, source }) => [what, value, `(${source})`]),
    [],
    ...files.map(({ path, there, written }) =>
      written
        ? [there ? again : verb, path]
        : ["keep", path, "(it is there already; --force replaces it)"]
    ),
  ];
  if (!config.json) io.print(lines(plan));
  for (const file of files) {
    if (file.written && !config.dryRun) {
      await write(file.path, file.text, config.force);
    }
  }
  if (config.json) {
    const list = files.map(({ name, written }) => ({ name, written }));
    io.print(
      JSON.stringify({ service, reasons, notes, files: list }, null, 2) + "\n",
    );
    return EXIT.ok;
  }
  for (const note of notes) io.note(`note:  ${printable(note)}`);
  if (!config.dryRun) io.note(`next:  ${PROGRAM} --context ${context}`);
  return EXIT.ok;
}

/** By name; a `.dockerignore` of others is left, each Dockerfile gets its own. */
async function fillAll(
  { service, written }: Found,
  hasForeign: boolean,
): Promise<[string, string][]> {
  const files: [string, string][] = [];
  for (const name of DOCKERFILES) {
    files.push([name, fillDockerfile(await ownFile(name), service)]);
  }
  const ignored = fillDockerignore(await ownFile(".dockerignore"), service);
  const names = hasForeign
    ? DOCKERFILES.map((name) => `${name}.dockerignore`)
    : [".dockerignore"];
  for (const name of names) files.push([name, ignored]);
  for (const { template, path } of written) {
    const text = await ownFile(`scripts/init/templates/${template}.ts`);
    files.push([path, fillModule(text, service)]);
  }
  return [
    ...files,
    ["split.ts", await ownFile("scripts/deno_binary/split.ts")],
    ["contract.json", firstContract(service)],
    ["budget.json", firstBudget(await ownFile("budget.json"), service)],
  ];
}

async function write(path: string, text: string, force: boolean) {
  try {
    await Deno.writeTextFile(path, text, { createNew: !force });
  } catch (cause) {
    throw new UserError(`Cannot write "${path}": ${messageOf(cause)}`, {
      next: "Make the folder writable, or copy it to one that is",
      exitCode: EXIT.environment,
      cause,
    });
  }
}

function lines(rows: string[][]): string {
  const width = Math.max(...rows.map(([first = ""]) => first.length));
  return rows.map(([first = "", ...rest]) =>
    [first.padEnd(width), ...rest.map(printable)].join("  ").trimEnd() + "\n"
  ).join("");
}

/** Of the builder's image. */
const BUILDER_USER = 1993;
const USER = 65532;

/** One of this project's Dockerfiles, filled in; for its own service the same. */
export function fillDockerfile(template: string, service: Service): string {
  const isTest = (text: string) => testStages(parseDockerfile(text)).length > 0;
  return template.split("\n\n")
    .filter((text) => service.tests.length > 0 || !isTest(text))
    .map((text) => fillParagraph(text, service))
    .join("\n\n");
}

function fillParagraph(paragraph: string, service: Service): string {
  const { name, description, license, folders, tests, args } = service;
  const resolution = words(service.resolution);
  const compile = resolution + words([
    ...service.flags,
    ...service.preloads.map((path) => `--preload ./${path}`),
    ...service.includes.map((path) => `--include ${path}`),
  ]);
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
    [/^COPY main_test\.ts .*\n/m, copyFiles(looseTests(service))],
    [/ -P=serve main_test\.ts$/m, test],
    [/ -P=serve(?= -)/, compile],
    [/ main\.ts(?=$| &&)/m, ` ${service.entry}`],
    [/(?=^LABEL )/m, besides(paragraph, service)],
    // The program's own arguments, which `docker run` can replace.
    [
      /(?<=^ENTRYPOINT .*\n)/m,
      args.length === 0 ? "" : `CMD ${JSON.stringify(args)}\n`,
    ],
  ];
  if (license !== undefined) {
    fills.push([/(?<=image\.licenses=)"[^"]*"/, quoted(license)]);
  } else fills.push([/ \\\n.*image\.licenses="[^"]*"/, ""]);
  if (!service.locked) fills.push([/(?<=^ARG DENO_FLAGS=)--frozen$/m, ""]);
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

/** Tests that are in no folder that is copied. */
function looseTests({ tests, folders }: Service): string[] {
  return tests.filter((path) =>
    !folders.some((folder) => path.startsWith(`${folder}/`))
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
  const folders = Map.groupBy(
    files,
    (path) => `./${path.slice(0, path.lastIndexOf("/") + 1)}`,
  );
  return [...folders].map(([folder, paths]) =>
    `COPY ${paths.join(" ")} ${folder}\n`
  ).join("");
}

/** What lies beside the program in stages that go on from other images. */
function besides(paragraph: string, service: Service): string {
  const { beside, state } = service;
  // The stage that compiles has them already.
  const compiles = /^RUN (?:.*\\\n\s*)?deno compile/m.test(paragraph);
  if (
    beside.length + state.length === 0 || compiles || !/^FROM /m.test(paragraph)
  ) return "";
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

/** Everything is denied, what the build reads allowed again, but nothing private. */
export function fillDockerignore(template: string, service: Service): string {
  const head = template.split("\n").filter((line) => !line.startsWith("!"));
  const { files, folders, leftOut } = service;
  const isOwn = folders.includes("offline");
  const allowed = [
    ...files,
    ...looseTests(service),
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

/** A module that is written beside the service. */
export function fillModule(template: string, service: Service): string {
  const { port, healthPath, served, stopsOn } = service;
  return template
    .replace(
      /^.*\("(SIG\w+)", stop\);\n/gm,
      (line, signal) => stopsOn.includes(signal) ? line : "",
    )
    .replace(/(?<=^const PORT = )\d+/m, String(port))
    .replace(/(?<=^const PATH = )".*"/m, JSON.stringify(healthPath))
    .replace(
      /(?<= from )"\.\/served_fixture\.ts"/,
      JSON.stringify(`./${served}`),
    );
}

function words(list: string[]): string {
  return list.map((word) => ` ${word}`).join("");
}

/** A label's value: what would end it or stand for a variable is escaped. */
function quoted(text: string): string {
  return `"${text.replace(/[\p{Cc}]+/gu, " ").replace(/["\\$]/g, "\\$&")}"`;
}

type Rules = Record<string, unknown>;

export function firstContract(service: Service): string {
  const { healthPath: path, port, env, egress } = service;
  // A mount on the working directory would hide the files in it.
  const isHidden = (path: string) =>
    service.beside.length > 0 && path === workingFolder(service);
  const writable = writablePaths(service).filter((path) => !isHidden(path));
  const requests: Rules[] = [{ method: "GET", path, expect: { status: 200 } }];
  if (service.answersHead) {
    const expect = { status: 200, noBody: true };
    requests.push({ method: "HEAD", path, expect });
  }
  const contract = {
    $schema: schemaAddress("contract"),
    port,
    healthPath: path,
    ...Object.keys(env).length > 0 ? { env } : {},
    ...writable.length > 0 ? { writable } : {},
    egress: egress === true ? "any" : egress,
    requests,
  };
  return JSON.stringify(contract, null, 2) + "\n";
}

function workingFolder({ folder }: Service): string {
  return folder === "" ? "/app" : `/app/${folder}`;
}

/** Folders that it writes, in the image. */
function writablePaths(service: Service): string[] {
  const top = workingFolder(service);
  return service.state.map((path) =>
    path === "." ? top : path.startsWith("/") ? path : `${top}/${path}`
  );
}

/** The variants and facts of this project's own budget, and no size but zero. */
export function firstBudget(own: string, service: Service): string {
  const { all, variants } = JSON.parse(own) as {
    all: Rules;
    variants: Record<string, Rules>;
  };
  const left = new Set<string>();
  if (service.egress === true || service.egress.length > 0) {
    left.add("noEgress");
  }
  // Files beside the program are layers of their own.
  if (service.beside.length + service.state.length > 0) left.add("layers");
  // No amount of bytes or time but zero holds for any service.
  const facts = (rules: Rules) =>
    Object.fromEntries(
      Object.entries(rules).filter(([name, limit]) =>
        !left.has(name) && (typeof limit !== "string" || /^0\b/.test(limit))
      ),
    );
  const budget = {
    $schema: schemaAddress("budget"),
    all: facts(all),
    variants: Object.fromEntries(
      Object.entries(variants).map(([name, rules]) => [name, facts(rules)]),
    ),
  };
  return JSON.stringify(budget, null, 2) + "\n";
}
