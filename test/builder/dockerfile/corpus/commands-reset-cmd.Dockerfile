FROM scratch AS base
CMD ["base-cmd"]
ENTRYPOINT ["base-entry"]
FROM base
CMD ["new-cmd"]
