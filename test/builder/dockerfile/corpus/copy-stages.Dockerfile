FROM scratch AS files
COPY greeting.txt /src/greeting.txt
COPY dir /src/dir
ENV NOT_COPIED=1
FROM scratch AS unused
COPY does-not-exist /
FROM scratch
WORKDIR /work
COPY --from=files /src/greeting.txt renamed.txt
COPY --from=0 /src/dir/ ./
LABEL done=yes
