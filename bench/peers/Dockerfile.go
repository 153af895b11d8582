# Go with Echo: a static binary, from scratch.
ARG GO_IMAGE=golang:1.26

FROM ${GO_IMAGE} AS build-stage
WORKDIR /app
COPY echo/ ./
RUN CGO_ENABLED=0 GOFLAGS=-mod=vendor go build -trimpath -ldflags="-s -w" -o /hello .

FROM scratch
COPY --from=build-stage /hello /hello
EXPOSE 8080
USER 65532:65532
ENTRYPOINT ["/hello"]
