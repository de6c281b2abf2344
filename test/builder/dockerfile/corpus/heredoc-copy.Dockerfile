FROM scratch
ENV NAME=world
COPY <<EOF /greeting
hello $NAME and \$NAME
"quotes" 'stay'
EOF
COPY <<'EOF' /raw
hello $NAME
EOF
COPY <<-EOF /tabs
	indented
		twice
	EOF
COPY <<one <<two /both/
1
one
2
two
LABEL after=heredocs
