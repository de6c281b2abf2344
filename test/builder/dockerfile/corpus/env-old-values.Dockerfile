FROM scratch
ENV abc=hello
ENV abc=bye def=$abc
ENV ghi=$abc
ENV A=1
ENV A=2 B=$A C=${A}
ENV D=$B$C
