FROM scratch
ENV STR=foobarbaz FILE=/usr/share/doc/readme.tar.gz
ENV A=${STR#f*b} B=${STR##f*b} C=${STR%b*} D=${STR%%b*}
ENV E=${STR/ba/fo} F=${STR//ba/fo}
ENV G=${FILE##*/} H=${FILE%/*} I=${FILE%%.*} J=${FILE#/} K=${STR#x}
