# SPDX-License-Identifier: Apache-2.0
# csc in a container; packaging/docker/README.md says how to run it, and what hardened mode needs from the engine.

FROM debian:bookworm-slim AS build
WORKDIR /src
# By itself, so that the packages are installed anew only when their list changes.
COPY scripts/install-deps scripts/dependencies.txt scripts/
RUN scripts/install-deps build && rm -rf /var/lib/apt/lists/*
COPY . .
# The tree of the binary archive of `make dist`.
RUN scripts/build build plain -Dprefix=/usr && scripts/dist-tree build /out

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="csc" \
      org.opencontainers.image.description="Decide, run and attest commands that an agent asks for in a contract" \
      org.opencontainers.image.licenses="Apache-2.0"
# csc links its libraries statically, and makes the sandbox by itself: bubblewrap is for --backend bwrap (leave it out where nobody
# asks for that), the certificates are for the commands that run in it. ssh-keygen, of openssh-client, checks the
# signatures of approvals.
RUN apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends bubblewrap ca-certificates openssh-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --user-group --create-home --shell /usr/sbin/nologin csc \
    && install -d -o csc -g csc /work
COPY --from=build /out/bin/csc /usr/bin/
COPY --from=build /out/libexec/csc/ /usr/libexec/csc/
COPY --from=build /out/share/csc/ /usr/share/csc/
COPY --from=build /out/share/doc/csc/licences/ /usr/share/doc/csc/licences/
COPY LICENSE /usr/share/doc/csc/
USER csc
WORKDIR /work
ENTRYPOINT ["csc"]
CMD ["--help"]
