FROM scratch
ENV DATA=/data
VOLUME /a /b
VOLUME ["/c", "/d e"]
VOLUME $DATA ${DATA}/sub
