FROM scratch AS base
CMD ["base-cmd"]
ENTRYPOINT ["base-entry"]
FROM base AS entry
ENTRYPOINT ["new-entry"]
FROM base AS cmd
CMD ["new-cmd"]
FROM entry
LABEL only=label
