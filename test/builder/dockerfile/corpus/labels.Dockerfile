FROM scratch
LABEL one=1 "two words"="a value" three='single $X'
LABEL multi.label1="value1" multi.label2="value2" other="value3"
LABEL description="This text illustrates \
that label-values can span multiple lines."
LABEL old form of label
LABEL one=replaced
LABEL json="{\"a\": [1, 2]}"
