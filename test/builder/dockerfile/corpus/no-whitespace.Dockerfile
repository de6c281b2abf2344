FROM	scratch
ENV	TAB=tab	OTHER=other
LABEL   spaces=many    more=many
