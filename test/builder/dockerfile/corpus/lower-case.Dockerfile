from scratch as Builder
env A=b
Workdir /x
cmd ["lower"]
