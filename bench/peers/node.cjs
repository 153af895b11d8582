// The same service for Node's own HTTP server.
const { createServer } = require("node:http");

const pages = {
  "/": ["text/html; charset=utf-8", "Hello, Deno! <3"],
  "/health": ["application/json", JSON.stringify({ Status: "OK" })],
};

createServer(({ method, url }, response) => {
  const known = method === "GET" || method === "HEAD";
  const page = known ? pages[url.split("?", 1)[0]] : undefined;
  if (page === undefined) {
    response.writeHead(404, { "content-type": "text/plain" });
    response.end("Not Found");
    return;
  }
  const [type, body] = page;
  response.writeHead(200, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}).listen(Number(process.env.PORT || 8080), "0.0.0.0");
