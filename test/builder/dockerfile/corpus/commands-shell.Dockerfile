FROM scratch
ENTRYPOINT exec top -b
CMD echo "hello  world" $HOME \
    'second line'
