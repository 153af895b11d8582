# Everything in one stage: compiler, sources and binary all ship. The honest "before".

# Where the images come from; a mirror or a stand-in can take their place.
ARG BUILDER_IMAGE=denoland/deno:debian-2.9.7
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian13:nonroot
# More flags for deno. Without jsr.io: --import-map offline/import_map.json --no-lock
ARG DENO_FLAGS=--frozen
# `quickjs` compiles onto a smaller, slower engine; experimental, from Deno 2.9 on.
ARG JS_ENGINE=

# The same in every Dockerfile here, to the byte: one compile serves all. It runs
# on the build machine's own architecture, whichever one the image is for.
FROM --platform=$BUILDPLATFORM ${BUILDER_IMAGE} AS build-stage
WORKDIR /app
COPY deno.json deno.lock main.ts ./
COPY offline/ offline/
ARG DENO_FLAGS
ARG JS_ENGINE
ARG TARGETARCH
# V8 without its middle compiler and with a small young heap: a quarter less memory
# after load, at the same speed, in a small service. Measure yours.
# Sources and program are dated, since a program holds the dates of its sources, and
# what deno keeps of a compile goes: the same bytes at every build.
RUN find . -exec touch -d @0 {} + && \
    deno compile ${DENO_FLAGS} ${JS_ENGINE:+--engine ${JS_ENGINE}} \
      --target $(echo ${TARGETARCH} | sed 's/amd64/x86_64/; s/arm64/aarch64/')-unknown-linux-gnu \
      --no-prompt -P=serve --v8-flags=--max-semi-space-size=1,--no-maglev \
      -o /hello main.ts && \
    touch -d @0 /hello && rm -rf "$DENO_DIR"/*_cache_v* "$DENO_DIR"/remote

LABEL org.opencontainers.image.title="hello" \
      org.opencontainers.image.description="A small Deno service" \
      org.opencontainers.image.licenses="MIT"
# Sizes V8's heap by the container's memory limit instead of the host's memory.
# On a host with cgroup v1 this needs --cgroupns=private too.
ENV DENO_USE_CGROUPS=1
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["/hello", "healthcheck"]
# The user that the builder image brings along.
USER 1993:1993
ENTRYPOINT ["/hello"]
