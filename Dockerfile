# syntax=docker/dockerfile:1

# The gateway on Spin, in an image without a shell, as a user without rights.
#
#   docker build -t pushgateway .
#   docker run -p 9091:9091 -v pushgateway:/data pushgateway
#
# deploy/kubernetes/README.md says more.

ARG RUST_VERSION=1.95
ARG SPIN_VERSION=4.1.0

# The component is the same for every processor: built once, on the builder's own.
FROM --platform=$BUILDPLATFORM rust:${RUST_VERSION}-bookworm AS component
WORKDIR /source
COPY . .
RUN make build

FROM --platform=$BUILDPLATFORM debian:bookworm-slim AS spin
ARG SPIN_VERSION
ARG TARGETARCH
WORKDIR /spin
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/*
# The release that needs no libraries, checked against the sums of the release.
RUN case "$TARGETARCH" in arm64) processor=aarch64 ;; *) processor=amd64 ;; esac \
    && archive="spin-v$SPIN_VERSION-static-linux-$processor.tar.gz" \
    && sums="checksums-v$SPIN_VERSION.txt" \
    && releases="https://github.com/spinframework/spin/releases/download/v$SPIN_VERSION" \
    && curl --fail --silent --show-error --location --remote-name-all "$releases/$archive" "$releases/$sums" \
    && grep "  $archive\$" "$sums" | sha256sum --check --strict - \
    && tar --extract --gzip --file "$archive" spin
# Where the default store keeps its file: a folder of the user below.
RUN mkdir /data && chown 65532:65532 /data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=spin /spin/spin /usr/local/bin/spin
COPY --from=spin --chown=65532:65532 /data /data
COPY spin.toml /app/
# Where spin.toml looks for it.
COPY --from=component /source/target/wasm32-wasip2/release/*.wasm /app/target/wasm32-wasip2/release/
# Spin keeps what it unpacks and compiles below these.
ENV HOME=/tmp TMPDIR=/tmp
WORKDIR /app
# By number, so that Kubernetes can tell that it is not root.
USER 65532:65532
VOLUME /data
EXPOSE 9091
# Without a folder for the log it goes to standard error alone: no file that nobody rotates.
ENTRYPOINT ["spin", "up", "--from", "/app/spin.toml", "--state-dir", "/data", "--log-dir", "", "--listen", "0.0.0.0:9091"]
