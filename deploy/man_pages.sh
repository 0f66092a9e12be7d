#!/bin/sh
# man_pages.sh BIN OUTPUT: the manual pages of the programs in BIN and of each command, from their --help.
set -eu
bin=$1
output=$2
own=$(dirname "$0")
version=$("$bin/mailboat" --version)
rm -rf "$output"
mkdir -p "$output/man1" "$output/man8"

# page SECTION NAME "PROGRAM COMMAND..." [ALSO]
# What --help does not say stands in NAME.man beside this script. help2man is in no pipe, where it could fail unnoticed.
page() {
  help=$("$bin"/$3 --help)
  sentence=$(echo "$help" | head -n 1 | sed 's/\.$//')
  printf '[SEE ALSO]\n%s\n.PP\nThe manual lies in /usr/share/doc/mailboat.\n' \
    "${4:-.BR mailboat (1), mailboat-producer (8), mailboat-consumer (8)}" >"$output/also"
  help2man --no-info --section "$1" --name "$sentence" --version-string "$version" --opt-include "$own/$2.man" \
    --include "$output/also" --source mailboat --output "$output/page" "$bin/$3"
  sed "s|^\.TH [^ ]*|.TH $(echo "$2" | tr a-z A-Z)|" "$output/page" | gzip -9n >"$output/man$1/$2.$1.gz"
}

# commands "COMMAND...": the names below it
commands() {
  help=$("$bin"/$1 --help)
  echo "$help" | sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]\+\) .*/\1/p'
}

# below NAME "PROGRAM COMMAND...": pages of all commands below it
below() {
  names=$(commands "$2")
  for command in $names; do
    page 1 "$1-$command" "$2 $command"
    (below "$1-$command" "$2 $command")
  done
}

page 8 mailboat-producer mailboat-producer
page 8 mailboat-consumer mailboat-consumer
page 1 mailboat mailboat '.BR mailboat-producer (8), mailboat-consumer (8), mailboat-status (1)
and a page for each command, such as
.BR mailboat-failed-retry (1)'
below mailboat mailboat
rm "$output/also" "$output/page"
