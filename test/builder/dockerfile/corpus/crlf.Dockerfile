FROM scratch
ENV A=1 \
    B=2
LABEL c="d e"
CMD ["x"]
