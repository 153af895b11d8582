// The same service for Bun.
Bun.serve({
  hostname: "0.0.0.0",
  port: Number(process.env.PORT || 8080),
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("Not Found", { status: 404 });
    }
    if (pathname === "/") {
      return new Response("Hello, Deno! <3", {
        headers: { "content-type": "text/html; charset=utf-8" },
      });
    }
    if (pathname === "/health") return Response.json({ Status: "OK" });
    return new Response("Not Found", { status: 404 });
  },
});
