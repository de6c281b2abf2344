FROM scratch
HEALTHCHECK --interval=500ms CMD ["curl", "-f", "http://localhost/"]
