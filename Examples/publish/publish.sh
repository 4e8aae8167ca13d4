#!/bin/sh
# sh publish.sh CLIENT JSON        e.g.  sh publish.sh c42 '{"hello":"world"}'
# MEGACOMET: the manager's port for apps. MEGACOMET_KEY: app.key, if one is set.
curl -sS "${MEGACOMET:-http://127.0.0.1:9001}/publish" \
  ${MEGACOMET_KEY:+-H "Authorization: Bearer $MEGACOMET_KEY"} \
  -H 'Content-Type: application/json' \
  -d "{\"client\":\"$1\",\"message\":$2}"
