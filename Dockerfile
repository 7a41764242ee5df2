# A node as a container. Debian 13, because uWebSockets.js for Node 22 and later needs glibc 2.38.
ARG NODE_IMAGE=node:24-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Without scripts: `prepare` compiles the server, whose source isn't here yet.
RUN npm ci --ignore-scripts
COPY tsconfig.base.json ./
COPY protocol protocol
COPY server server
RUN npx tsc -b server

FROM ${NODE_IMAGE} AS modules
WORKDIR /app
COPY package.json package-lock.json ./
# The uWebSockets.js package holds a binary for every platform and Node version, 250 MB of them; one is needed here.
# Loading it at the end makes the build fail, rather than the container, if it is the wrong one.
RUN npm ci --omit=dev --ignore-scripts \
 && binary="$(node -p '`uws_${process.platform}_${process.arch}_${process.versions.modules}.node`')" \
 && find node_modules/uWebSockets.js -mindepth 1 -maxdepth 1 \
      ! -name package.json ! -name LICENSE ! -name uws.js ! -name "$binary" -exec rm -rf {} + \
 && node -e "require('uWebSockets.js')"

FROM ${NODE_IMAGE}
WORKDIR /app
# A container's own loopback is of no use to anybody, so every address, also for the development app.
ENV NODE_ENV=production CARILLON_HOST=0.0.0.0
COPY package.json LICENSE ./
COPY bin bin
COPY --from=modules /app/node_modules node_modules
COPY --from=build /app/dist dist
USER node
EXPOSE 6001
STOPSIGNAL SIGTERM
# Goes by the environment; with a port or certificate from a config file or a flag, give the container a check of
# its own. The certificate is for other names than 127.0.0.1, so it isn't verified here.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["node", "-e", "\
  const { CARILLON_PORT: port = '6001', CARILLON_TLS_CERT_FILE: tls } = process.env; \
  if (tls) process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; \
  fetch(`http${tls ? 's' : ''}://127.0.0.1:${port}/health`) \
    .then((response) => process.exit(response.ok ? 0 : 1), () => process.exit(1));"]
ENTRYPOINT ["node", "bin/carillon.js"]
CMD ["start"]
