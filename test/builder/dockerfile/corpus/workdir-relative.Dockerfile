FROM scratch
WORKDIR relative/dir
