FROM scratch
MAINTAINER Somebody Important <somebody@example.com>
LABEL a=b
