FROM scratch AS base
ENTRYPOINT ["base-entry"]
CMD ["base-cmd"]
FROM base
CMD ["mine"]
ENTRYPOINT ["mine-too"]
