FROM scratch
ENV SET=value EMPTY=
ENV D=${EMPTY-d} E=${UNSET-d} I=${EMPTY+a} J=${SET+a} K=${UNSET+a} L=${SET?x} M=${SET:?x}
