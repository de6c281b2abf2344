# escape=`
FROM scratch
ENV QUOTED="a`"b" KEPT='a`b'
