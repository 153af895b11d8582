/** Stands in for the service while the templates are checked. */
const service: Deno.ServeDefaultExport = { fetch: () => new Response("hi") };
export default service;
