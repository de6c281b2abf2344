FROM scratch
CMD ["a", "b c", "d\"e", "f\\g", "tab\there", "$HOME", "é"]
ENTRYPOINT [ "/bin/x" , "--flag= p 2" ]
