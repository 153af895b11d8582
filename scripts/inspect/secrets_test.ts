import { assert, assertEquals } from "@std/assert";
import { file, hardlink, image, layer, whiteout } from "../../testing/image.ts";
import { payloadFixture, programFixture } from "../../testing/program.ts";
import type { Entry, Image } from "../image/model.ts";
import { probe } from "./probe.ts";
import { analyseImage } from "./analyse_image.ts";
import { secretCheck } from "./secrets.ts";

const bytes = (content: string) =>
  Uint8Array.from(content, (character) => character.charCodeAt(0));
const kindOf = (path: string, content: string) =>
  secretCheck(path)?.(bytes(content));

function secretsOf(image: Image) {
  return analyseImage(image).secrets ?? [];
}

/** A file as the probe finds it. */
function written(path: string, content: string | Uint8Array, mode = 0o644) {
  const data = typeof content === "string" ? bytes(content) : content;
  const entry: Entry = file(path, data.length, { mode });
  const sink = probe(entry);
  sink?.write(data);
  return { ...entry, found: sink?.end() };
}

const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n";
const BODY = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMRE".repeat(3);
/** In pieces, so that no scanner of sources takes it for a secret. */
const token = (prefix: string, ...pieces: string[]) => prefix + pieces.join("");
const RANDOM = "q1W2e3R4t5".repeat(8);
const AWS_ID = token("AKIA", "Q3RZ7XWY2BCDKLMN");
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
    ["data/cipher.db", "\x9a\0\x17", "database"],
    ["data/dump.rdb", "REDIS0011", "database"],
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

Deno.test("secrets: an analysis names variables with a secret in them, not their values", () => {
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
  assertEquals(secretsOf(tested), [
    { path: "ENV DB_PASSWORD", kind: "variable" },
    { path: "ENV AWS_SECRET_ACCESS_KEY", kind: "variable" },
    { path: "ENV DATABASE_URL", kind: "variable" },
  ]);
});

Deno.test("secrets: an analysis names what the history and commands show, once", () => {
  const tested = image([layer("COPY a /", file("a", 1))]);
  tested.config = {
    ...tested.config,
    env: ["DB_PASSWORD=hunter2"],
    cmd: ["serve", "--token=abcdef12"],
    labels: { "build.secret": "abcdef12", vendor: "a" },
  };
  const history = [
    "/bin/sh -c #(nop)  ARG NPM_TOKEN=abcdef12",
    "RUN |2 NPM_TOKEN=abc def CI=true /bin/ash -eo pipefail -c npm ci # buildkit",
    "ENV DB_PASSWORD=hunter2",
    "ENV OLD_SECRET=gone",
    `RUN /bin/sh -c curl -H 'Authorization: Bearer ${RANDOM}' https://a.example`,
    "RUN /bin/sh -c git clone https://me:abcdef12@git.example/a.git",
    "RUN /bin/sh -c TOKEN=$(cat /run/secrets/t) PASSWORD_FILE=/run/p npm ci",
    'CMD ["serve" "--token=abcdef12"]',
  ].map((created_by) => ({ created_by }));
  tested.document = { history };
  const found = secretsOf(tested);
  assertEquals(found.map(({ path, kind }) => `${path}: ${kind}`), [
    "ENV DB_PASSWORD: variable",
    "ARG NPM_TOKEN: variable",
    "ENV OLD_SECRET: variable",
    "RUN curl -H 'Authorization: Bearer …' https://a.example: access token",
    "RUN git clone https://me:…@git.example/a.git: access token",
    "CMD token: variable",
    "LABEL secret: variable",
  ]);
});

Deno.test("secretCheck() knows keys, tokens and databases under any name", () => {
  const pem = (type: string, rest = `\n${BODY}`) =>
    `-----BEGIN ${type}-----${rest}`;
  const cases: [string, string, string[]][] = [
    ["app/k.txt", "private key", [
      pem("PRIVATE KEY"),
      pem("RSA PRIVATE KEY"),
      pem("EC PRIVATE KEY", `\r\n${BODY}`),
      pem("ENCRYPTED PRIVATE KEY"),
      pem("OPENSSH PRIVATE KEY"),
      pem("PGP PRIVATE KEY BLOCK", `\n\n${BODY}`),
      pem("PGP PRIVATE KEY BLOCK", `\nVersion: x\nComment: y z\n\n${BODY}`),
      pem(
        "RSA PRIVATE KEY",
        `\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\n${BODY}`,
      ),
      `{"key": "${pem("PRIVATE KEY", `\\n${BODY}`)}"}`,
      `const key = "${pem("PRIVATE KEY", `\\n" +\n    "${BODY}`)}";`,
      `{"kty":"OKP","crv":"Ed25519","d":"${RANDOM.slice(0, 43)}","x":"a"}`,
      `{"d": "${RANDOM.slice(0, 43)}", "kty": "EC"}`,
    ]],
    ["app/main.ts", "access token", [
      `const t = "${token("gh", "p_", RANDOM.slice(0, 36))}";`,
      token("github", "_pat_", RANDOM.slice(0, 22), "_", RANDOM.slice(0, 59)),
      token("glp", "at-", RANDOM.slice(0, 20)),
      token("np", "m_", RANDOM.slice(0, 36)),
      token("xox", "b-1234567890-1234567890-", RANDOM.slice(0, 24)),
      token("AI", "za", RANDOM.slice(0, 35)),
      token("sk", "_live_", RANDOM.slice(0, 24)),
      token("sk-", "ant-api03-", RANDOM),
      // One in a document that has an example before it.
      token("gh", "p_", "x".repeat(36)) + " " +
      token("gh", "p_", RANDOM.slice(0, 36)),
    ]],
    ["app/config.json", "cloud credentials", [
      `{"id": "${AWS_ID}", "secret": "${RANDOM.slice(0, 40)}"}`,
      `AWS_SECRET_ACCESS_KEY=${RANDOM.slice(0, 40)}\n`,
      `"secretAccessKey": "${RANDOM.slice(0, 40)}"`,
    ]],
    ["app/notes", "registry token", [
      `//npm.example.com/:_authToken=${RANDOM.slice(0, 30)}\n`,
    ]],
    ["data/state", "database", ["SQLite format 3\0\x10\0"]],
    // Where images of Node keep the service.
    ["usr/src/app/k", "private key", [pem("PRIVATE KEY")]],
  ];
  for (const [path, kind, contents] of cases) {
    for (const content of contents) {
      assertEquals(kindOf(path, content), kind, content);
      for (const published of ["app/node_modules/a/", "usr/share/a/"]) {
        assertEquals(kindOf(published + path, content), undefined);
      }
    }
  }
});

Deno.test("secretCheck() leaves alone what reads, explains or shows keys and tokens", () => {
  for (
    const content of [
      'const HEAD = "-----BEGIN PRIVATE KEY-----\\n";',
      'pem.replace("-----BEGIN PRIVATE KEY-----", "").replace(/\\s/g, "")',
      "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg...\n-----END PRIVATE KEY-----",
      `-----BEGIN PUBLIC KEY-----\n${BODY}`,
      `-----BEGIN CERTIFICATE-----\n${BODY}`,
      `{"kty":"OKP","crv":"Ed25519","x":"${RANDOM.slice(0, 43)}"}`,
      token("gh", "p_", "x".repeat(36)),
      token("gh", "p_", RANDOM.slice(0, 12)),
      `x${token("gh", "p_", RANDOM.slice(0, 36))}`,
      token("AKIA", "IOSFODNN7", "EXAMPLE") +
      " wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      AWS_ID,
      "aws_secret_access_key = ${SECRET}",
      `<script src="maps.js?key=${token("AI", "za", RANDOM.slice(0, 35))}">`,
      `{apiKey: "${token("AI", "za", RANDOM.slice(0, 35))}", authDomain: "a"}`,
      "//npm.example.com/:_authToken=${NPM_TOKEN}",
      "see SQLite format 3\0",
      `\x7fELF-----BEGIN PRIVATE KEY-----\n${BODY}`,
    ]
  ) assertEquals(kindOf("app/main.ts", content), undefined, content);
  for (
    const path of [
      "deno-dir/node_analysis_cache_v2",
      "deno-dir/remote/https/example.org/0a",
      "var/lib/rpm/rpmdb.sqlite",
      "etc/pki/nssdb/key4.db",
    ]
  ) assertEquals(kindOf(path, "SQLite format 3\0"), undefined, path);
});

Deno.test("secretCheck() is not kept busy by hostile text", () => {
  const size = 64 * 1024;
  for (
    const text of [
      "-----BEGIN PRIVATE KEY-----\n" + "a: ".repeat(size),
      "-----BEGIN PRIVATE KEY-----\\n".repeat(size),
      "-----BEGIN " + "A ".repeat(size),
      `${AWS_ID} `.repeat(size),
      '"kty":"d":"'.repeat(size),
      "xoxb-" + "1234567890-".repeat(size),
    ]
  ) {
    const time = (length: number) => {
      const before = performance.now();
      assertEquals(kindOf("app/x", text.slice(0, length)), undefined);
      return performance.now() - before;
    };
    let some = Infinity;
    let all = Infinity;
    // The best of ten; of more, as long as others keep the machine busy.
    for (let i = 0; i < 10 || i < 100 && all >= 10 * some + 5; i++) {
      some = Math.min(some, time(size / 4));
      all = Math.min(all, time(size));
    }
    // Four times the text; in square, it would take sixteen times as long.
    assert(
      all < 10 * some + 5,
      `${text.slice(0, 40)}: ${some}, then ${all} ms`,
    );
  }
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

Deno.test("secrets: an analysis names the layer that brought a file, and the one that deleted it", () => {
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
  assertEquals(secretsOf(tested), [
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

Deno.test("secrets: an analysis finds what is embedded in a compiled program", () => {
  const payload = payloadFixture({
    files: {
      "main.ts": "1",
      "a.txt": ENV,
      "data/app.db": "SQLite format 3\0" + "x".repeat(300_000),
      ".env": ENV,
      "static/page.html": "<p>",
      "gcp-key.json": '{"private_key":"-----BEGIN PRIVATE KEY-----"}',
      "node_modules/a/test.key": KEY,
      "keys.ts": `export default "-----BEGIN EC PRIVATE KEY-----\\n${BODY}"`,
    },
    metadata: '{"env_vars_from_env_file":{"EMPTY":"","TOKEN":"a b"}}',
  });
  for (const layout of ["appended", "note"] as const) {
    const program = written("hello", programFixture(payload, layout), 0o755);
    const tested = image([
      layer("FROM", file("x", 1)),
      layer("COPY hello /", program),
    ]);
    const found = { layer: 1, program: "/hello" };
    assertEquals(
      secretsOf(tested).sort((a, b) => a.path < b.path ? -1 : 1),
      [
        { path: "--env-file", kind: "environment file", ...found },
        { path: ".env", kind: "environment file", ...found },
        { path: "data/app.db", kind: "database", ...found },
        { path: "gcp-key.json", kind: "cloud credentials", ...found },
        { path: "keys.ts", kind: "private key", ...found },
      ],
    );
  }
});
