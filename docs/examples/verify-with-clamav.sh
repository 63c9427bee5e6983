#!/bin/sh
# An external_verification for Heliograph (docs/plugins.md) that has clamd look at what is imported.
# Needs clamdscan, and a clamd whose StreamMaxLength is at least the size of the largest image.
found=$(clamdscan --stream --no-summary --infected - 2>&1)
case $? in
  0) exit 0 ;;
  1) printf '%s\n' "$found" | sed -n 's/^[^:]*: \(.*\) FOUND$/\1 was found in it/p' | tail -n 1; exit 1 ;;
  *) printf '%s\n' "$found" >&2; exit 2 ;;
esac
