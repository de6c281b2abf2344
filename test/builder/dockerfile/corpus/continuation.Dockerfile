FROM scratch
ENV A=1 \
    B=2 \   
    C=3 \

    D=4
  ENV E=5 \
# comment with backslash \
  F=6
# comment \
ENV G=7
LABEL joined=one\
two
