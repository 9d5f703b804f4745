#!/usr/bin/env bash
# Build the programs that the tests of Kubernetes need: etcd, kube-apiserver, kubectl, helm, and some
# of the controllers of kube-controller-manager.
#
# Their sources are Go modules, pinned by kube/go.mod and helm/go.mod. The results go to
# ${XDG_CACHE_HOME:-~/.cache}/straightway/kube/bin, and nothing is built twice. A program that the
# folder $KUBEBUILDER_ASSETS holds (the convention of envtest) is used from there and not built.
#
# To update: edit the versions in go.mod (with Kubernetes all replaced ones as well), then run in its
# folder `go get -tool` with each of its tools, and `go mod tidy`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${XDG_CACHE_HOME:-$HOME/.cache}/straightway/kube/bin

say() { echo "make kube: +${SECONDS}s $*"; }

version_of() { # module required-module
  sed -n "s|.*[[:space:]]$2 \(v[^ ]*\).*|\1|p" "$here/$1/go.mod" | sed -n 1p
}

require_go() { # module program
  local needed found
  needed=$(sed -n 's/^go //p' "$here/$1/go.mod")
  found=$(command -v go >/dev/null && GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//' || echo none)
  if [ "$found" = none ] || [ "$(printf '%s\n' "$needed" "$found" | sort -V | sed -n 1p)" != "$needed" ]; then
    cat >&2 <<EOF
make kube: $2 needs Go $needed or newer (https://go.dev/dl) to be built; found: $found.
\`make test\` skips the tests that need it, and runs everything else. Set KUBEBUILDER_ASSETS to use programs
that you have: \`setup-envtest\` downloads kube-apiserver, etcd and kubectl.
EOF
    exit 1
  fi
}

sources() { # package, of which only those in ./folders are ours
  if [[ $1 == ./* ]]; then cat "$1"/*.go; fi
}

build() { # program module package [linker flags]
  local program=$1 module=$2 package=$3 flags="-s -w ${4:-}" stamp="$bin/.$1.stamp" wanted start
  if [ -n "${KUBEBUILDER_ASSETS:-}" ] && [ -x "$KUBEBUILDER_ASSETS/$program" ]; then
    say "$program: found in $KUBEBUILDER_ASSETS"
    return
  fi
  # The version of Go is no part of it: a new Go is no reason to build for minutes.
  wanted=$(cd "$here/$module" && { echo "$package $flags"; cat go.mod go.sum; sources "$package"; } | cksum)
  if [ -x "$bin/$program" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    say "$program: current"
    return
  fi
  require_go "$module" "$program"
  start=$SECONDS
  say "$program: downloading its modules"
  (cd "$here/$module" && go list -deps "$package" >/dev/null)
  say "$program: compiling (minutes the first time; Go's cache makes it seconds after that)"
  (cd "$here/$module" && go build -trimpath -ldflags "$flags" -o "$bin/.$program.new" "$package")
  mv "$bin/.$program.new" "$bin/$program"
  echo "$wanted" >"$stamp"
  say "$program: built in $((SECONDS - start)) s, $(du -m "$bin/$program" | cut -f1) MiB"
}

# Exactly what go.mod and go.sum pin, by the Go that is installed, without a C compiler.
export GOFLAGS="-mod=readonly -buildvcs=false" GOWORK=off GOTOOLCHAIN=local CGO_ENABLED=0

mkdir -p "$bin"
exec 9>"$bin/.lock"
flock --nonblock 9 || { say "waiting for another build"; flock 9; }

kubernetes=$(version_of kube k8s.io/kubernetes)
minor=$(cut -d. -f2 <<<"$kubernetes")
version=k8s.io/component-base/version
versioned="-X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=$minor"
# The version of Kubernetes that `helm template` and `helm lint` assume.
chartutil=helm.sh/helm/v3/pkg/chartutil
rules=helm.sh/helm/v3/pkg/lint/rules
assumed="-X $chartutil.k8sVersionMajor=1 -X $chartutil.k8sVersionMinor=$minor"
assumed+=" -X $rules.k8sVersionMajor=1 -X $rules.k8sVersionMinor=$minor"

build etcd kube ./etcd
build kube-apiserver kube k8s.io/kubernetes/cmd/kube-apiserver "$versioned"
build kubectl kube k8s.io/kubernetes/cmd/kubectl "$versioned"
build kube-controllers kube ./controllers
build helm helm helm.sh/helm/v3/cmd/helm "$assumed"
say "done: $bin"
