FROM scratch
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
CMD run this
ENTRYPOINT and this
