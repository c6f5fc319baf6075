# syntax=docker/dockerfile:1

FROM node:24-trixie-slim AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends cmake g++ make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# whisper.cpp is compiled once and kept in the cache mount.
RUN --mount=type=cache,target=/root/.cache --mount=type=cache,target=/root/.npm \
    node scripts/quantvox.mjs --script scripts/image.ts /image

FROM node:24-trixie-slim
# libgomp1: whisper-server computes with OpenMP. The folders give their owner to volumes that are mounted there.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && install --directory --owner=node --group=node /data /cache /replies
COPY --from=build /image/ /
# Moonshine is made and hibari fetched by Python, which is not in here. Engines must never be asked through a proxy. The last two are what scripts/quantvox.mjs sets for a clone.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    DATA_DIR=/data \
    CACHE_DIR=/cache \
    SPEECH_MODEL=whisper-tiny.en-q8_0 \
    VOICE=flite:slt \
    NO_PROXY=ollama,ollama-gpu \
    NODE_COMPILE_CACHE=/cache/compile-cache \
    MALLOC_ARENA_MAX=2
WORKDIR /app
USER node
EXPOSE 3000
VOLUME ["/data", "/cache"]
# The first start fetches models, which can take minutes.
HEALTHCHECK --interval=10s --timeout=5s --start-period=15m --retries=3 CMD ["node", "/app/scripts/image/healthy.mjs"]
ENTRYPOINT ["quantvox"]
CMD ["serve"]
