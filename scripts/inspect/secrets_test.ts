import { assertEquals } from "@std/assert";
import { rootfs } from "../image/rootfs.ts";
import { file, hardlink, image, layer, whiteout } from "../../testing/image.ts";
import { payloadFixture, programFixture } from "../../testing/program.ts";
import type { Entry } from "../image/model.ts";
import { probe } from "./probe.ts";
import { secretCheck, secrets, withoutSecret } from "./secrets.ts";

const bytes = (content: string) =>
  Uint8Array.from(content, (character) => character.charCodeAt(0));
const kindOf = (path: string, content: string) =>
  secretCheck(path)?.(bytes(content));

/** A file as the probe finds it. */
function written(path: string, content: string | Uint8Array, mode = 0o644) {
  const data = typeof content === "string" ? bytes(content) : content;
  const entry: Entry = file(path, data.length, { mode });
  const sink = probe(entry);
  sink?.write(data);
  return { ...entry, found: sink?.end() };
}

const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n";
const ENV = "# settings\nDATABASE_URL=postgres://a:b@c/d\n";

Deno.test("secretCheck() knows secrets and state by name and content", () => {
  const cases: [string, string, string][] = [
    ["app/.env", ENV, "environment file"],
    ["app/.env.production", "export TOKEN='x'\n", "environment file"],
    ["app/config/prod.env", "A=1", "environment file"],
    ["app/.envrc", "A=1", "environment file"],
    ["root/.ssh/id_rsa", KEY, "private key"],
    ["etc/ssh/ssh_host_ed25519_key", KEY, "private key"],
    ["etc/ssl/private/s.key", "-----BEGIN PRIVATE KEY-----\n", "private key"],
    [
      "app/tls.pem",
      "-----BEGIN CERTIFICATE-----\nx\n-----BEGIN RSA PRIVATE KEY-----\n",
      "private key",
    ],
    ["app/a.asc", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n", "private key"],
    ["app/a.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\n", "private key"],
    ["app/a.p12", "\x30\x82\x09", "private key"],
    ["data/app.db", "SQLite format 3\0", "database"],
    ["data/kv.sqlite3", "SQLite format 3\0", "database"],
    ["app/.git/HEAD", "ref: refs/heads/main\n", "git repository"],
    ["root/.npmrc", "//npm.example.com/:_authToken=npm_x\n", "registry token"],
    ["app/.yarnrc.yml", 'npmAuthToken: "x"\n', "registry token"],
    ["root/.netrc", "machine a login b password c\n", "registry token"],
    ["root/.git-credentials", "https://a:b@example.com\n", "registry token"],
    [
      "root/.docker/config.json",
      '{"auths":{"x":{"auth":"eA=="}}}',
      "registry token",
    ],
    [
      "root/.aws/credentials",
      "aws_secret_access_key = x\n",
      "cloud credentials",
    ],
    [
      "app/service-account.json",
      '{"private_key": "-----BEGIN PRIVATE KEY-----\\n"}',
      "cloud credentials",
    ],
    [
      "root/.kube/config",
      "users:\n- user:\n    token: x\n",
      "cluster credentials",
    ],
  ];
  for (const [path, content, kind] of cases) {
    assertEquals(kindOf(path, content), kind, path);
  }
});

/** Of letters alone, so that no scanner of sources takes it for a secret. */
const LETTERS = "abcdefghijklmnopqrstuvwxyz".repeat(8);
const PEM = (name: string) =>
  `-----BEGIN ${name}-----\n${LETTERS.slice(0, 64)}\n`;

Deno.test("secretCheck() knows keys, tokens and databases under any name", () => {
  const cases: [string, string, string][] = [
    ["app/k.txt", PEM("RSA PRIVATE KEY"), "private key"],
    ["app/k", PEM("PRIVATE KEY"), "private key"],
    ["app/keys.ts", `export default \`${PEM("EC PRIVATE KEY")}`, "private key"],
    [
      "app/a.json",
      JSON.stringify({ key: PEM("OPENSSH PRIVATE KEY") }),
      "private key",
    ],
    ["app/notes", `gh` + `p_${LETTERS.slice(0, 36)}`, "access token"],
    [
      "app/c.yml",
      `key: AKI${"A" + LETTERS.slice(0, 16).toUpperCase()}\nsecret: ${
        LETTERS.slice(2, 42)
      }\n`,
      "cloud credentials",
    ],
    ["data/visits", "SQLite format 3\0", "database"],
  ];
  for (const [path, content, kind] of cases) {
    assertEquals(kindOf(path, content), kind, path);
  }
  const others: [string, string][] = [
    ["app/readme.md", "A key begins with -----BEGIN PRIVATE KEY-----, then"],
    ["app/parse.ts", 'if (text.startsWith("-----BEGIN PRIVATE KEY-----")) {'],
    ["app/cert", PEM("CERTIFICATE")],
    ["app/a.ts", "const ghp_ = token; // ghp_..."],
    ["etc/ssl/certs/ca.pem", PEM("PRIVATE KEY")],
    ["app/node_modules/a/k.txt", PEM("PRIVATE KEY")],
  ];
  for (const [path, content] of others) {
    assertEquals(kindOf(path, content), undefined, path);
  }
});

Deno.test("secrets() names variables with a secret in them, not their values", () => {
  const env = [
    "PATH=/usr/bin",
    "DB_PASSWORD=hunter2",
    "AWS_SECRET_ACCESS_KEY=abc/def",
    "DATABASE_URL=postgres://user:pw@db/x",
    "DB_PASSWORD_FILE=/run/secrets/db",
    "TOKEN=",
    "API_KEY=$OTHER",
    "TOKEN_TTL=300",
    "CSRF_TOKEN=true",
    "GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305",
    "HOME_URL=https://example.org/a:b@c",
  ];
  const tested = image([layer("COPY a /", file("a", 1))]);
  tested.config = { ...tested.config, env };
  assertEquals(secrets(tested, rootfs(tested)), [
    { path: "ENV DB_PASSWORD", kind: "variable" },
    { path: "ENV AWS_SECRET_ACCESS_KEY", kind: "variable" },
    { path: "ENV DATABASE_URL", kind: "variable" },
  ]);
  assertEquals(env.map(withoutSecret).slice(0, 4), [
    "PATH=/usr/bin",
    "DB_PASSWORD=…",
    "AWS_SECRET_ACCESS_KEY=…",
    "DATABASE_URL=…",
  ]);
});

Deno.test("secretCheck() leaves alone what only looks like one", () => {
  const cases: [string, string][] = [
    ["app/.env.example", ENV],
    ["app/.env.local.sample", ENV],
    ["app/example.env", ENV],
    ["app/.env.vault", ENV],
    ["app/.env", "# nothing set\nTOKEN=\nOTHER=''\n"],
    ["root/.ssh/id_rsa.pub", "ssh-rsa AAAA a@b\n"],
    ["etc/ssl/cert.pem", "-----BEGIN CERTIFICATE-----\nx\n"],
    ["app/public.pem", "-----BEGIN PUBLIC KEY-----\nx\n"],
    ["etc/aliases.db", "\0\x05\x31\x62"],
    ["root/.npmrc", "registry=https://npm.example.com/\n"],
    ["root/.npmrc", "//npm.example.com/:_authToken=${NPM_TOKEN}\n"],
    ["root/.npmrc", "# //npm.example.com/:_authToken=x\n"],
    ["root/.docker/config.json", '{"credsStore":"pass"}'],
    ["root/.aws/config", "[default]\nregion = eu-central-1\n"],
    ["app/key.json", '{"a": 1}'],
    ["root/.kube/config", "users: []\n"],
    // What others have published is no secret of this image.
    ["app/node_modules/node-gyp/test/fixtures/server.key", KEY],
    [".deno_compile_node_modules/localhost/a/1.0.0/test/key.pem", KEY],
    ["deno-dir/npm/registry.example.org/a/1.0.0/key.pem", KEY],
    ["usr/share/doc/a/examples/key.pem", KEY],
    ["usr/lib/python3/dist-packages/a/t.pem", KEY],
    ["usr/local/go/src/crypto/tls/testdata/example-key.pem", KEY],
    ["var/lib/rpm/rpmdb.sqlite", "SQLite format 3\0"],
  ];
  for (const [path, content] of cases) {
    assertEquals(kindOf(path, content), undefined, path);
  }
});

Deno.test("secrets() names the layer that brought a file, and the one that deleted it", () => {
  const tested = image([
    layer(
      "COPY . /app",
      written("app/.env", ENV),
      written("app/.git/HEAD", "ref: x\n"),
      written("app/id_ed25519", KEY, 0o700),
      written("app/empty.db", ""),
      written("app/twice.key", KEY),
      written("app/twice.key", "none"),
    ),
    layer("RUN rm /app/.env", whiteout("app/.env")),
    layer(
      "RUN rm -r .git",
      whiteout("app/.git"),
      hardlink("a", "app/id_ed25519"),
    ),
  ]);
  assertEquals(secrets(tested, rootfs(tested)), [
    { path: "/app/.env", kind: "environment file", layer: 0, deletedBy: 1 },
    { path: "/app/.git", kind: "git repository", layer: 0, deletedBy: 2 },
    { path: "/app/id_ed25519", kind: "private key", layer: 0 },
    // Never unpacked, and still in the archive.
    {
      path: "/app/twice.key",
      kind: "private key",
      layer: 0,
      deletedBy: 0,
      replaced: true,
    },
  ]);
});

Deno.test("secrets() finds what is embedded in a compiled program", () => {
  const payload = payloadFixture({
    files: {
      "main.ts": "1",
      "data/app.db": "SQLite format 3\0" + "x".repeat(300_000),
      ".env": ENV,
      "static/page.html": "<p>",
      "gcp-key.json": '{"private_key":"-----BEGIN PRIVATE KEY-----"}',
      "node_modules/a/test.key": KEY,
    },
  });
  for (const layout of ["appended", "note"] as const) {
    const program = written("hello", programFixture(payload, layout), 0o755);
    const tested = image([
      layer("FROM", file("x", 1)),
      layer("COPY hello /", program),
    ]);
    const found = { layer: 1, program: "/hello" };
    assertEquals(
      secrets(tested, rootfs(tested)).sort((a, b) => a.path < b.path ? -1 : 1),
      [
        { path: ".env", kind: "environment file", ...found },
        { path: "data/app.db", kind: "database", ...found },
        { path: "gcp-key.json", kind: "cloud credentials", ...found },
      ],
    );
  }
});
