/**
 * Requests that are not HTTP/1.1, and that a server has to refuse: what is let
 * through here is read one way by a proxy and another way behind it.
 *
 * @module
 */

/** A request to refuse. */
export interface MalformedRequest {
  name: string;
  /** The whole request, as it is sent. */
  text: string;
  /** Statuses that refuse it. */
  statuses: number[];
}

const line = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n";
const post = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n";

/** Each is refused by RFC 9112; the sections are in the comments. */
export const MALFORMED_REQUESTS: readonly MalformedRequest[] = [
  // 3: not a request line.
  {
    name: "bytes that are not HTTP",
    text: "\x16\x03\x01\x02\x01 nonsense\r\n\r\n",
    statuses: [400],
  },
  // 2.3 and RFC 9110, 15.6.6: a major version that is not known.
  {
    name: "an unknown version",
    text: "GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
    statuses: [400, 505],
  },
  // 5.1
  {
    name: "a space before the colon",
    text: `${line}X-Name : value\r\n\r\n`,
    statuses: [400],
  },
  {
    name: "a header without a colon",
    text: `${line}nonsense\r\n\r\n`,
    statuses: [400],
  },
  // RFC 9110, 5.5
  {
    name: "a NUL in a header",
    text: `${line}X-Name: a\0b\r\n\r\n`,
    statuses: [400],
  },
  // 6.3
  {
    name: "a content-length that is no number",
    text: `${post}Content-Length: x\r\n\r\n`,
    statuses: [400],
  },
  {
    name: "two lengths that differ",
    text: `${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
    statuses: [400],
  },
  // 6.1
  {
    name: "an unknown transfer-encoding",
    text: `${post}Transfer-Encoding: nonsense\r\n\r\n`,
    statuses: [400, 501],
  },
];
