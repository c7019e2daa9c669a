# shellcheck shell=bash
# A guest kernel for what the running one can't do: Debian's kernel for this release, booted
# directly in QEMU's software emulation, with the host's root as its own (read-only, under a
# RAM overlay). Nothing is installed and nothing in the host's root is written.
#
# In the cache: kernel/<release>/{vmlinux,modules/lib/modules/<release>,initrd-<hash>.gz} and
# the link kernel/current. A complete directory appears by one rename.

GUEST_LIB=$ROOT/Tools/lib/guest

# Modules that the initial RAM disk loads to reach the host's files.
GUEST_BOOT_MODULES=(virtio_pci 9pnet_virtio 9p overlay virtio_console virtio_rng)

guest_locked() {
    mkdir -p "$CACHE/kernel"
    (
        flock 9
        "$@"
    ) 9>"$CACHE/kernel/lock"
}

# Prints the name of the package with the current kernel, such as linux-image-<release>.
guest_kernel_package() {
    apt-cache depends linux-image-amd64 2>/dev/null |
        awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }'
}

guest_find_package() {
    local package
    package=$(guest_kernel_package)
    if [ -z "$package" ]; then
        as_root apt-get -qq update >/dev/null || die "apt-get update failed"
        package=$(guest_kernel_package)
    fi
    [ -n "$package" ] || die "linux-image-amd64 is in none of this machine's package sources"
    printf '%s\n' "$package"
}

# guest_download PACKAGE DIRECTORY: fetches and unpacks it there.
guest_download() {
    local package=$1 directory=$2
    (cd "$directory" && apt-get -qq download "$package" >download.log 2>&1) ||
        as_root apt-get -qq update >/dev/null
    [ -n "$(compgen -G "$directory/*.deb")" ] ||
        (cd "$directory" && apt-get -qq download "$package" >download.log 2>&1) ||
        { cat "$directory/download.log" >&2; die "apt-get download $package failed"; }
    dpkg-deb -x "$directory"/*.deb "$directory/unpacked"
    rm -f "$directory"/*.deb "$directory/download.log"
}

# guest_extract VMLINUZ OUTPUT: the ELF kernel out of the compressed image. It boots without
# unpacking itself in emulation, which takes longer than all the rest of the boot.
guest_extract() {
    local offset
    offset=$(LC_ALL=C grep -abPom1 '\xFD7zXZ\x00' "$1" | cut -d: -f1 | head -n 1)
    [ -n "$offset" ] || return 1
    tail -c "+$((offset + 1))" "$1" | xz -dc --single-stream >"$2" 2>/dev/null || true
    [ "$(head -c 4 "$2" | tail -c 3)" = ELF ]
}

guest_fetch_kernel() {
    local package release work
    [ -e "$CACHE/kernel/current/vmlinux" ] && return
    need apt-get apt-cache dpkg-deb xz depmod
    package=$(guest_find_package)
    release=${package#linux-image-}
    say "fetching the guest kernel $release (once, into $CACHE)"
    rm -rf "$CACHE"/kernel/new.*
    work=$(mktemp -d "$CACHE/kernel/new.XXXXXX")
    guest_download "$package" "$work"
    mkdir -p "$work/modules/lib"
    mv "$work/unpacked/lib/modules" "$work/modules/lib/modules"
    depmod -b "$work/modules" "$release"
    guest_extract "$work/unpacked/boot/vmlinuz-$release" "$work/vmlinux" ||
        mv "$work/unpacked/boot/vmlinuz-$release" "$work/vmlinux"
    rm -rf "$work/unpacked" "$CACHE/kernel/$release"
    mv "$work" "$CACHE/kernel/$release"
    ln -sfn "$release" "$CACHE/kernel/current"
}

guest_release() { readlink "$CACHE/kernel/current"; }

# Prints the paths of the modules that the RAM disk needs, in loading order.
guest_boot_modules() {
    local module
    for module in "${GUEST_BOOT_MODULES[@]}"; do
        modprobe -d "$CACHE/kernel/current/modules" -S "$(guest_release)" \
            --show-depends "$module" | awk '$1 == "insmod" { print $2 }'
    done | awk '!seen[$0]++'
}

guest_fill_ram_disk() {
    local root=$1 busybox applet module
    busybox=$(command -v busybox)
    mkdir -p "$root"/{bin,modules,proc,sys,dev,lower,upper,new}
    cp "$busybox" "$root/bin/busybox"
    for applet in sh mount mkdir insmod switch_root; do
        ln -s busybox "$root/bin/$applet"
    done
    for module in $(guest_boot_modules); do
        cp "$module" "$root/modules/"
        basename "$module" >>"$root/modules/order"
    done
    cp "$GUEST_LIB/init-ram" "$root/init"
    chmod 755 "$root/init"
}

guest_ram_disk_path() {
    local hash
    hash=$({ cat "$GUEST_LIB/init-ram"; echo "${GUEST_BOOT_MODULES[@]}"; } | sha256sum)
    printf '%s\n' "$CACHE/kernel/$(guest_release)/initrd-${hash:0:16}.gz"
}

guest_build_ram_disk() {
    local target work
    target=$(guest_ram_disk_path)
    [ -e "$target" ] && return
    need busybox cpio modprobe gzip
    rm -rf "$CACHE"/kernel/ram.*
    work=$(mktemp -d "$CACHE/kernel/ram.XXXXXX")
    guest_fill_ram_disk "$work/root"
    (cd "$work/root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) | gzip -1 >"$work/out"
    mv "$work/out" "$target"
    rm -rf "$work"
}

guest_prepare_locked() {
    guest_fetch_kernel
    guest_build_ram_disk
}

# Makes the cache complete; costs milliseconds when it is.
guest_prepare() {
    need qemu-system-x86_64 sha256sum flock
    [ "$(uname -m)" = x86_64 ] || die "the guest kernel needs an x86_64 host"
    guest_locked guest_prepare_locked
}
