FROM scratch
ENV SET=value EMPTY=
ENV A=${SET:-d} B=${UNSET:-d} C=${EMPTY:-d}
ENV F=${SET:+a} G=${UNSET:+a} H=${EMPTY:+a}
ENV K=${UNSET:-${SET}} L=${UNSET:-${ALSO_UNSET:-deep}} M="${UNSET:-two words}"
ENV N=${SET}tail O=$SET/tail P=$SET.tail Q=x${SET}y$SET
ENV R=$UNSET S=${UNSET} T=\${SET} U="\$SET" V='$SET'
LABEL a=${SET:-x} b="${UNSET:-y z}" "$SET"=name-expanded
WORKDIR /${SET}/${UNSET:-dir}
USER ${UNSET:-someone}
EXPOSE ${UNSET:-8080}
