# escape=`

FROM scratch
ENV PATH_LIKE=C:\dir\file NEXT=`$literal
LABEL a=one `
      b=two
