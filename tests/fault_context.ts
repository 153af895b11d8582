/**
 * A build context that costs next to nothing: a service of forty lines of Perl,
 * which every Debian has, in an image of 8 MB that stands on no base.
 *
 * @module
 */
import { join } from "node:path";
import { copyPrograms } from "./copy_programs.ts";

/**
 * Serves `GET /`, keeps connections, and ends with 0 when told to; `GET /late`
 * is answered only where the image has `ANSWERS` set.
 */
const SERVICE = String.raw`
$SIG{TERM} = $SIG{INT} = sub { exit 0 };
$SIG{PIPE} = "IGNORE";
my $port = $ENV{PORT} || 8080;
socket(my $server, 2, 1, 6) or die "socket: $!\n";
setsockopt($server, 1, 2, pack("i", 1));
bind($server, pack("S n a4 x8", 2, $port, "\0\0\0\0")) or die "bind: $!\n";
listen($server, 1024) or die "listen: $!\n";
my %clients;
while (1) {
  my $wanted = "";
  vec($wanted, fileno($_->{socket}), 1) = 1 for values %clients;
  vec($wanted, fileno($server), 1) = 1;
  next if select(my $ready = $wanted, undef, undef, undef) < 1;
  if (vec($ready, fileno($server), 1) && accept(my $socket, $server)) {
    $clients{fileno($socket)} = { socket => $socket, text => "" };
  }
  for my $number (keys %clients) {
    next unless vec($ready, $number, 1);
    my $client = $clients{$number};
    my $text;
    if (!sysread($client->{socket}, $text, 65536)) {
      delete $clients{$number};
      next;
    }
    $client->{text} .= $text;
    while ($client->{text} =~ s/^(\S+).*?\r\n\r\n//s) {
      my ($request, $method) = ($&, $1);
      next if $request =~ m{^GET /late } && !$ENV{ANSWERS};
      my $close = $request =~ /^connection: *close/im;
      my $body = $method eq "HEAD" ? "" : "right";
      syswrite($client->{socket},
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n$body");
      next unless $close;
      delete $clients{$number};
      last;
    }
  }
}
`;

/** A variant whose service answers as the contract says. */
export const SERVES = `FROM scratch
COPY root/ /
COPY main.ts /
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/bin/perl", "/serve.pl"]
`;

/** Words of a sleep of a minute that can be told from everybody else's. */
export function longSleep(): string {
  return `sleep 57.${crypto.getRandomValues(new Uint32Array(1))[0]}`;
}

/** A variant whose build takes a minute. */
export function slowBuild(sleep: string): string {
  return SERVES.replace("USER", `RUN ${sleep}\nUSER`);
}

const CONTRACT = {
  healthPath: "/",
  readyTimeoutMs: 10_000,
  requests: [{ path: "/", expect: { status: 200, body: "right" } }],
  burst: { requests: 200, connections: 4 },
};

/**
 * Makes the context.
 *
 * @param folder Is made; its name becomes that of the images.
 * @param dockerfiles Text by name.
 * @param contract What differs from a contract that holds.
 */
export async function makeContext(
  folder: string,
  dockerfiles: Record<string, string>,
  contract: Record<string, unknown> = {},
): Promise<void> {
  const root = join(folder, "root");
  await copyPrograms(["/usr/bin/perl", "/bin/sh", "/bin/sleep"], root);
  await Deno.writeTextFile(join(root, "serve.pl"), SERVICE);
  await Deno.writeTextFile(join(folder, "main.ts"), "// changes\n");
  await Deno.writeTextFile(
    join(folder, "contract.json"),
    JSON.stringify({ ...CONTRACT, ...contract }),
  );
  for (const [name, text] of Object.entries(dockerfiles)) {
    await Deno.writeTextFile(join(folder, name), text);
  }
}
