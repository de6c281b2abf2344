FROM scratch
ONBUILD ENV A=1
ONBUILD RUN echo "hello  world" && \
    echo second
onbuild copy . /src
