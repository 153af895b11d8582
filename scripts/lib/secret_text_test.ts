import { assert, assertEquals } from "@std/assert";
import {
  findTextSecrets,
  isSecretVariable,
  maskCommand,
  maskText,
  maskValues,
  maskVariable,
  secretValues,
} from "./secret_text.ts";

/** In pieces, so that no scanner of sources takes it for a secret. */
const TOKEN = ["gh", "p_", "q1W2e3R4t5".repeat(4).slice(0, 36)].join("");
const JWT = ["ey", "JhbGciOiJIUzI1", ".ey", "JzdWIiOiIxMjM0", ".", "q1W2e3R4t5"]
  .join("") + "aB3dE5gH7j";

Deno.test("maskText() leaves out values of secrets and nothing else", () => {
  const cases: [string, string][] = [
    ["RUN NPM_TOKEN=abc npm ci", "RUN NPM_TOKEN=… npm ci"],
    ["RUN export api_key='a b' && make", "RUN export api_key=… && make"],
    ['RUN DB_PASS="a \\" b" x', "RUN DB_PASS=… x"],
    ["login --password hunter2 -u me", "login --password … -u me"],
    ["login --api-key=hunter2", "login --api-key=…"],
    ["serve --db-password hunter2 -v", "serve --db-password … -v"],
    ['{"dbPassword": "hunter2"}', '{"dbPassword": …}'],
    ["AccountName=a;AccountKey=bcd==;", "AccountName=a;AccountKey=…;"],
    [`jwt ${JWT}!`, "jwt …!"],
    [
      "https://hooks.slack.com/services/T1/B2/abcdefghijkl",
      "https://hooks.slack.com/services/…",
    ],
    [
      "a -----BEGIN EC PRIVATE KEY-----\nMC4C\n-----END EC PRIVATE KEY-----",
      "a …-----END EC PRIVATE KEY-----",
    ],
    [
      'RUN DB_PASSWORD=hunter22 sh -c "echo hunter22"',
      'RUN DB_PASSWORD=… sh -c "echo …"',
    ],
    ["clone https://me:pw@a.example/x", "clone https://me:…@a.example/x"],
    [`push ${TOKEN} now`, "push … now"],
    [`GH_TOKEN=${TOKEN} B_TOKEN=b`, "GH_TOKEN=… B_TOKEN=…"],
    [
      "-H 'Authorization: Bearer abcdefghijklmnop'",
      "-H 'Authorization: Bearer …'",
    ],
  ];
  for (const [text, masked] of cases) assertEquals(maskText(text), masked);
  for (
    const text of [
      "RUN adduser --disabled-password app",
      "RUN --mount=type=secret,id=npm TOKEN=$(cat /run/secrets/npm) npm ci",
      "docker login --password-stdin a.example",
      "TOKEN_TTL=300 CSRF_TOKEN=true PASSWORD_FILE=/run/p PWD=/app",
      "https://a.example:8080/b@c npm:express@5",
      "step 3 of 9: COPY --from=build /app/token.ts /app/",
      "ARG TOKEN",
      "x".repeat(100_000) + "a-".repeat(50_000) + "a.".repeat(50_000),
    ]
  ) assertEquals(maskText(text), text);
});

Deno.test("maskValues() leaves out values of secret variables in a document", () => {
  const values = secretValues([
    "A=listening",
    "DB_PASSWORD=hunter22",
    "B_PW=x",
  ]);
  assertEquals(values, ["hunter22", "x"]);
  assertEquals(
    maskValues({ log: ["listening, x and hunter22"], bytes: 1 }, values),
    { log: ["listening, x and …"], bytes: 1 },
  );
});

Deno.test("findTextSecrets() takes time in step with the text", () => {
  const many = "A_TOKEN=b ".repeat(50_000);
  assertEquals(findTextSecrets(many).length, 50_000);
  assert(!maskText(many).includes("=b"));
});

Deno.test("maskCommand() knows a flag whose value is a word of its own", () => {
  assertEquals(
    maskCommand(["serve", "--token", "abc", "--token", "--x", "A_SECRET=b"]),
    ["serve", "--token", "…", "--token", "--x", "A_SECRET=…"],
  );
});

Deno.test("maskVariable() tells secrets by name and by value", () => {
  const secret = [
    "DB_PASSWORD=hunter2",
    "SMTP_PASS=x y",
    "MYSQL_PWD=hunter2",
    "API_TOKENS=a,b",
    "JWT_SIGNING_KEY=abc",
    "ENCRYPTION_KEY=/3kd9+A/b=",
    "SECRET_KEY_BASE=$ecret",
    "AWS_SECRET_ACCESS_KEY=abc/def",
    "DATABASE_URL=postgres://user:pw@db/x",
    `OPAQUE=${TOKEN}`,
    `BOOT=${JWT}`,
    'CONFIG={"password":"a"}',
    "ARGS=--db-password abc",
    "STORE=AccountName=a;AccountKey=bcd==;",
  ];
  for (const line of secret) {
    assertEquals(maskVariable(line), line.replace(/=.*/, "=…"));
  }
  for (
    const line of [
      "PATH=/usr/bin:/bin",
      "PWD=/app",
      "DB_PASSWORD_FILE=/run/secrets/db",
      "TOKEN=",
      "API_KEY=$OTHER",
      "API_KEY=${OTHER}",
      "JWT_SIGNING_KEY=/run/secrets/jwt",
      "GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305",
      "MAX_TOKENS=128",
      "COMPASS=north",
    ]
  ) assertEquals([isSecretVariable(line), maskVariable(line)], [false, line]);
});
