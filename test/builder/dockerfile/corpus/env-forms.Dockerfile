FROM scratch
ENV ONE=1 TWO="two words" THREE='three words' FOUR=four\ words
ENV OLD old form  keeps   inner space
ENV OLD_QUOTED "quoted" and 'more'
ENV EMPTY= EMPTY_QUOTED="" NEXT=x
ENV B="x y=2"
ENV EQUALS=a=b=c
ENV UTF=grüße QUOTE=it\'s DOUBLE="say \"hi\"" MIXED=a"b c"'d e'f
ENV LONG=first \
    SECOND=second \
# a comment between
    THIRD="third"
ENV ONE=again
ENV DOLLAR=\$ONE "SPACED KEY"=v
ENV BACKSLASH="a\\b" SINGLE='a\b'
