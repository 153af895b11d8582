import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { EXIT, UserError } from "../lib/errors.ts";
import { CommandFailed } from "../lib/command.ts";
import {
  explainExport,
  explainMachine,
  explainPull,
  explainStart,
} from "./explain.ts";

const failed = (output: string) =>
  new CommandFailed("docker", [], { code: 1, output });

function pull(output: string): UserError {
  const error = explainPull("x:1", failed(output));
  assert(error instanceof UserError);
  assertEquals(error.exitCode, EXIT.environment);
  assertEquals(error.output, output.trim());
  return error;
}

Deno.test("explainPull() tells a silent registry from one that refuses", () => {
  for (
    const output of [
      "Error response from daemon: dial tcp: lookup r.example: no such host\n",
      "pinging container registry r.example: connect: connection refused",
      "net/http: TLS handshake timeout",
      "dial tcp 192.0.2.1:443: i/o timeout",
    ]
  ) {
    assertEquals(
      pull(output).message,
      'Cannot pull "x:1": the registry cannot be reached',
    );
  }
  for (
    const output of [
      "pull access denied for x, repository does not exist",
      "manifest for x:1 not found: manifest unknown",
      "reading manifest 1 in r.example/x: unauthorized",
      "no matching manifest for linux/arm64 in the manifest list entries",
    ]
  ) {
    assertEquals(
      pull(output).message,
      'Cannot pull "x:1": the registry does not have the image, or refuses it',
    );
  }
});

Deno.test("explainPull() shows what it does not know, and passes the rest on", () => {
  assertEquals(pull("something new").message, 'Cannot pull "x:1"');
  const bug = new TypeError("a bug");
  assertEquals(explainPull("x:1", bug), bug);
});

Deno.test("explainExport() and explainMachine() know a full disk", () => {
  const output = "write /dev/stdout: no space left on device";
  const error = explainExport("x:1", failed(output));
  assertEquals(error.message, 'Cannot export "x:1": the disk is full');
  assertStringIncludes(error.next, "Free disk space");
  assertEquals(explainMachine("Cannot do it", "permission denied"), undefined);
});

Deno.test("explainStart() names the program that cannot be executed", () => {
  const own = "localhost/deno-small-image-vm-1-2-ab1:scratch";
  for (
    const said of [
      'runc create failed: unable to start container process: exec: "/nope": stat /nope: no such file or directory: unknown',
      "fork/exec /nope: no such file or directory",
      'exec: "nope": executable file not found in $PATH',
    ]
  ) {
    const { message, next } = explainStart(own, said);
    assertMatch(
      message,
      /^Cannot start a container of "scratch": it cannot execute \/?nope$/,
    );
    assertMatch(next, /ENTRYPOINT/);
  }
  assertMatch(explainStart("x", "no such image: x").next, /^Build or pull/);
  assertMatch(explainStart("x", "unknown user").next, /its user must exist/);
});
