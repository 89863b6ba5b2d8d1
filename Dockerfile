# The server with the meeting app inside: the example server of examples/meet/server.ts.
#
#   docker build -t seameet .
#   docker run -p 3001:3001/tcp -p 10000:10000/udp -e PUBLIC_IP=203.0.113.7 seameet
#
# Without SEAMEET_AUTH_TOKEN it starts in OPEN mode and says so loudly: docs/operations.md.
ARG DENO_VERSION=2.9.6

FROM denoland/deno:bin-${DENO_VERSION} AS deno

FROM debian:bookworm-slim AS build
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
COPY --from=deno /deno /usr/local/bin/deno
WORKDIR /app
COPY . .
RUN deno task build:web && deno task build:codecs
# What the server loads and nothing else: the browser's and the tests' packages stay behind.
ENV DENO_DIR=/deno-dir
RUN deno task deno cache examples/meet/server.ts

FROM debian:bookworm-slim
# libcrypto, for the native engine (docs/performance.md).
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates libssl3 \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 10001 --home-dir /app --no-create-home --shell /usr/sbin/nologin seameet
COPY --from=deno /deno /usr/local/bin/deno
WORKDIR /app
COPY --from=build --chown=10001:0 /deno-dir /deno-dir
COPY --from=build /app/deno.json /app/deno.lock /app/mod.ts /app/server.ts /app/cli.ts ./
COPY --from=build /app/src ./src
COPY --from=build /app/examples/meet ./examples/meet
ENV DENO_DIR=/deno-dir DENO_NO_UPDATE_CHECK=1
USER 10001
EXPOSE 3001/tcp 10000/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["deno", "eval", "--no-config", "Deno.exit((await fetch('http://127.0.0.1:3001/healthz')).ok ? 0 : 1)"]
# Reading its own files, sockets, the environment, the machine's addresses, libcrypto: nothing is written.
ENTRYPOINT ["deno", "run", "--cached-only", "--no-prompt", "--unstable-net", "--allow-read", "--allow-net", "--allow-env", "--allow-sys", "--allow-ffi", "examples/meet/server.ts"]
