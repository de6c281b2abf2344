ARG BASE=scratch
ARG NAME=final
FROM ${BASE} AS one
LABEL one=${BASE:-invisible}
FROM ${MISSING:-one}
LABEL two=yes name=${NAME:-invisible}
