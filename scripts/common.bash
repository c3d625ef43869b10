# Sourced by the scripts beside it: configures and builds in a directory, does nothing where nothing is to be done.
# BUILD_DIR and MESON_ARGS, from the environment, choose another directory and further options, for example
#   BUILD_DIR=build-asan MESON_ARGS='-Db_sanitize=address,undefined' scripts/test

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# configure DIR OPTION…: sets the options that this directory hasn't got from us yet.
configure() {
    local dir=$1 option known="$1/.options"
    local -a options=("${@:2}") new=()
    # shellcheck disable=SC2206 # words
    options+=(${MESON_ARGS-})
    for option in "${options[@]}"; do
        [[ -f $known ]] && grep -qxF -e "$option" "$known" || new+=("$option")
    done
    if [[ ! -f $dir/build.ninja ]]; then
        meson setup "$dir" "${options[@]}"
    elif ((${#new[@]})); then
        meson setup --reconfigure "$dir" "${new[@]}"      # not configure: that knows no option that is newer than DIR
    else
        return 0
    fi
    printf '%s\n' "${new[@]}" >>"$known"
}

# build DIR [TARGET…]
build() {
    local dir=$1; shift
    ninja -C "$dir" -n "$@" 2>/dev/null | grep -q 'no work to do' || ninja -C "$dir" -j "$(nproc)" "$@"
}
