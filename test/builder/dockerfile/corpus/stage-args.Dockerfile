FROM scratch AS base
ARG INHERITED=yes
ENV KEPT=kept
LABEL base=$INHERITED
FROM base AS child
LABEL child=${INHERITED:-no} kept=$KEPT
ENV CHILD=${INHERITED:-no}
FROM scratch AS other
LABEL other=${INHERITED:-no}
FROM child
LABEL last=${CHILD}
