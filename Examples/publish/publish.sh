#!/bin/sh
# sh publish.sh CLIENT JSON [SECONDS]        e.g.  sh publish.sh c42 '{"hello":"world"}' 5
# With SECONDS (1 to 60) the answer comes when it is known what became of the message, or when they are over.
# MEGACOMET: the manager's port for apps. MEGACOMET_KEY: app.key, if one is set.
answer=$(curl -sS "${MEGACOMET:-http://127.0.0.1:9001}/publish${3:+?wait=$3}" \
  ${MEGACOMET_KEY:+-H "Authorization: Bearer $MEGACOMET_KEY"} \
  -H 'Content-Type: application/json' \
  -d "{\"client\":\"$1\",\"message\":$2}") || exit 1
echo "$answer"
case $answer in
  *'"error"'*) exit 1 ;;
  *'"acknowledged"'*) echo "the client has it, and has said so" ;;
  *'"delivered"'* | *'"handed"'*) echo "it went out to a client that never says what it has" ;;
  *'"expired"'* | *'"dropped"'*) echo "it never came" ;;
  *) [ -z "$3" ] || echo "not known yet, it may still come" ;; # HTTP status 202
esac
