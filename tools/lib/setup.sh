# Shared by tools/fourtuple and tools/test (bash): find what is missing, install it, build.
# Standard output belongs to the program; everything said here goes to standard error.
#
# FOURTUPLE_BUILD  the build folder (default: build/ at the top of the repository)

set -uo pipefail

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd -P)
build=${FOURTUPLE_BUILD:-$root/build}

say() { printf 'fourtuple: %s\n' "$*" >&2; }

# What the program needs, as Debian and Ubuntu call it: commands (package:command) and libraries.
program_commands=(g++:c++ cmake:cmake ninja-build:ninja)
program_libraries=(libboost-graph-dev libyaml-cpp-dev libcli11-dev libfmt-dev nlohmann-json3-dev)
test_commands=(python3:python3 iproute2:ip nftables:nft valgrind:valgrind tshark:tshark)
test_libraries=(catch2 libbenchmark-dev)

# missing_packages KIND: the packages to install for `program` or `test`, one line, maybe empty.
missing_packages() {
  local commands=("${program_commands[@]}") libraries=("${program_libraries[@]}") missing=() entry
  if [ "$1" = test ]; then
    commands+=("${test_commands[@]}")
    libraries+=("${test_libraries[@]}")
  fi
  for entry in "${commands[@]}"; do
    # /usr/sbin: where ip and nft are for users who do not have it in PATH
    PATH=$PATH:/usr/sbin:/sbin command -v "${entry#*:}" >/dev/null || missing+=("${entry%%:*}")
  done
  if command -v dpkg-query >/dev/null; then
    local installed
    installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${libraries[@]}" 2>/dev/null |
      awk '$1 == "ii" { print $2 }')
    for entry in "${libraries[@]}"; do
      grep -qx "$entry" <<<"$installed" || missing+=("$entry")
    done
  fi
  echo "${missing[*]}"
}

# as_root COMMAND...: directly, or with sudo (which may ask for the password on a terminal).
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

can_become_root() {
  [ "$(id -u)" = 0 ] && return 0
  command -v sudo >/dev/null || return 1
  sudo -n true 2>/dev/null || [ -t 0 ]
}

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" </dev/null; }

# install_missing KIND NO_INSTALL: exits 3, with the line to paste, where it cannot install.
install_missing() {
  local missing log
  missing=$(missing_packages "$1")
  [ -z "$missing" ] && return 0
  if ! command -v apt-get >/dev/null; then
    say "missing: $missing (Debian's names), and this system has no apt-get to install them with"
    exit 3
  fi
  if [ "$2" = yes ] || ! can_become_root; then
    say "missing: $missing"
    say "to install them:"
    echo "sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing" >&2
    exit 3
  fi
  say "installing $missing (about a minute, 100 to 500 MB)"
  log=$(mktemp)
  if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then apt_get update >"$log" 2>&1; fi
  # Old package lists name files that the mirror has dropped: one more try with new ones.
  # shellcheck disable=SC2086  # the names are words
  if ! apt_get install --no-install-recommends $missing >>"$log" 2>&1 &&
    ! { apt_get update >>"$log" 2>&1 && apt_get install --no-install-recommends $missing >>"$log" 2>&1; }; then
    cat "$log" >&2
    rm -f "$log"
    say "could not install $missing"
    exit 3
  fi
  rm -f "$log"
}

# run_quietly TEXT COMMAND...: says TEXT, shows one moving line on a terminal, and the whole output
# only where the command fails.
run_quietly() {
  local text=$1 log=$build/setup.log status=0 pid line
  shift
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  if [ -t 2 ]; then
    while kill -0 "$pid" 2>/dev/null; do
      line=$(tail -n 1 "$log" 2>/dev/null | grep -o '^\[[^]]*\]')
      printf '\rfourtuple: %s %s\033[K' "$text" "$line" >&2
      sleep 0.3
    done
    printf '\r\033[K' >&2
  else
    say "$text"
  fi
  wait "$pid" || status=$?
  if [ "$status" != 0 ]; then
    cat "$log" >&2
    say "$text: failed"
  fi
  return "$status"
}

# One compiler process wants up to a gigabyte: on a small machine fewer at a time.
parallel_jobs() {
  local cores gigabytes
  cores=$(nproc 2>/dev/null || echo 2)
  gigabytes=$(awk '/^MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo 2>/dev/null)
  [ -n "$gigabytes" ] && [ "$gigabytes" -lt "$cores" ] && cores=$((gigabytes > 0 ? gigabytes : 1))
  echo "$cores"
}

# configure OPTIONS...: into $build, Release unless the folder already says otherwise.
configure() {
  local generator=() home
  mkdir -p "$build"
  if [ -f "$build/CMakeCache.txt" ]; then
    home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$build/CMakeCache.txt")
    # The checkout was moved: CMake refuses such a cache.
    [ "$home" = "$root" ] || rm -rf "$build/CMakeCache.txt" "$build/CMakeFiles"
  fi
  if [ ! -f "$build/CMakeCache.txt" ]; then
    command -v ninja >/dev/null && generator=(-G Ninja)
  fi
  run_quietly "configuring" cmake -S "$root" -B "$build" ${generator[@]+"${generator[@]}"} "$@"
}

# build_targets TEXT TARGET...: builds these (all without any).
build_targets() {
  local text=$1 targets=()
  shift
  [ $# -gt 0 ] && targets=(--target "$@")
  run_quietly "$text" cmake --build "$build" --parallel "$(parallel_jobs)" \
    ${targets[@]+"${targets[@]}"}
}

# One build at a time per folder: a class of students may share it.
lock_build() {
  mkdir -p "$build" || exit 3
  exec 9>"$build/.lock"
  if command -v flock >/dev/null; then flock 9; fi
}
unlock_build() { exec 9>&-; }
